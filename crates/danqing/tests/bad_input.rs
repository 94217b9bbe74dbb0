//! Everything that can be wrong, each with its exit code, one clear error line in English and in Chinese, and nothing
//! left behind.
// Helpers of tests fail like tests.
#![allow(clippy::expect_used, clippy::panic)]

mod support;

use support::{Workshop, is_chinese};

/// One row: what is typed, how it ends, what the English line says.
struct Row {
    arguments: &'static [&'static str],
    code: i32,
    says: &'static str,
    hint: Option<&'static str>,
}

const fn row(arguments: &'static [&'static str], code: i32, says: &'static str, hint: Option<&'static str>) -> Row {
    Row { arguments, code, says, hint }
}

const PATCH: &str = "--engine=patch";
const SPOT: &str = "--rectangles=4,4,8,8";

const ROWS: &[Row] = &[
    // Files.
    row(&["erase", "nothing.png", SPOT, PATCH, "-o", "out.png"], 3, "nothing.png: no such file", None),
    row(&["erase", "text.png", SPOT, PATCH, "-o", "out.png"], 3, "text.png: not a picture: ", None),
    row(
        &["erase", "half.png", SPOT, PATCH, "-o", "out.png"],
        3,
        "half.png: the PNG file is truncated: ",
        Some("again"),
    ),
    row(&["erase", "empty.png", SPOT, PATCH, "-o", "out.png"], 3, "empty.png: the file is empty", None),
    row(&["erase", ".", SPOT, PATCH, "-o", "out.png"], 3, ".: is a folder, a file was expected", None),
    row(&["erase", "江雪.png", "--mask", "没有.png", PATCH, "-o", "out.png"], 3, "没有.png: no such file", None),
    // Masks.
    row(
        &["erase", "江雪.png", "--mask", "small.png", PATCH, "-o", "out.png"],
        2,
        "the mask is 20x20, but the picture is 64x48",
        Some("draw the mask"),
    ),
    row(&["erase", "江雪.png", "--mask", "black.png", PATCH, "-o", "out.png"], 2, "the mask is empty", Some("white")),
    row(
        &["erase", "江雪.png", "--mask", "white.png", PATCH, "-o", "out.png"],
        2,
        "the mask covers the whole picture",
        Some("--invert"),
    ),
    row(&["erase", "江雪.png", PATCH, "-o", "out.png"], 2, "nothing is marked", Some("--mask")),
    row(
        &["erase", "江雪.png", "--rectangles=900,4,8,8", PATCH, "-o", "out.png"],
        2,
        "lies outside the picture of 64x48",
        None,
    ),
    row(&["erase", "one.png", "--mask", "one.png", PATCH, "-o", "out.png"], 2, "the mask ", None),
    // Parameters.
    row(&["bench", "linear", "--precision=f8"], 2, "precision is f8, expected f32, bf16 or int8", None),
    row(&["erase", "江雪.png", SPOT, "--sed=1", "-o", "out.png"], 2, "unknown option --sed", Some("--seed")),
    row(
        &["erase", "江雪.png", SPOT, "--seed=a", "-o", "out.png"],
        2,
        "--seed \"a\" is not a whole number",
        Some("--help"),
    ),
    row(
        &["erase", "江雪.png", SPOT, "--engine=gan", "-o", "out.png"],
        2,
        "--engine \"gan\" is not one of auto, ",
        None,
    ),
    row(&["erase", "江雪.png", SPOT, "--feather=99", PATCH, "-o", "out.png"], 2, "feather 99 is out of range", None),
    row(
        &["adjust", "江雪.png", "--edits", r#"[{"edit":"crop","x":-5,"y":0,"width":8,"height":8}]"#, "-o", "out.png"],
        2,
        "-5 is not a whole number from 0 up",
        None,
    ),
    row(&["run", "typo.json"], 2, "erase: unknown field `sed`, expected ", Some("danqing erase --help")),
    row(&["run", "unknown.json"], 2, "there is no capability named \"paint\"", Some("danqing capabilities")),
    row(&["run", "broken.json"], 2, "the request is not valid: ", None),
    row(&["run", "no.json"], 3, "no.json: ", None),
    row(&["extend", "江雪.png", "--ratio=0:0", "-o", "out.png"], 2, "0:0", None),
    row(&["extend", "江雪.png", "-o", "out.png"], 2, "nothing says how far to extend", Some("--ratio")),
    row(
        &["extend", "江雪.png", "--ratio=4:3", "--left=5", "-o", "out.png"],
        2,
        "a ratio and left are given",
        Some("leave one"),
    ),
    row(&["erase", "-o", "out.png"], 2, "erase needs an input: picture", Some("danqing erase --help")),
    row(&["paint", "江雪.png"], 2, "unknown command paint", Some("danqing --help")),
    row(&["erase", "江雪.png", SPOT, "--threads=0", PATCH, "-o", "out.png"], 2, "threads is 0", None),
    row(
        &["erase", "江雪.png", SPOT, "--threads=many", PATCH, "-o", "out.png"],
        2,
        "\"many\" is no value of --threads",
        None,
    ),
    // Restyling.
    row(&["restyle", "text.png", "--style=ember", "-o", "out.png"], 3, "text.png: not a picture: ", None),
    row(&["restyle", "江雪.png", "-o", "out.png"], 2, "no style is given", Some("--style NAME")),
    row(
        &["restyle", "江雪.png", "--style=emberr", "-o", "out.png"],
        2,
        "there is no style named \"emberr\" (there are ink-wash, ",
        Some("danqing restyle --help"),
    ),
    row(
        &["restyle", "江雪.png", "--styles=ember:0.5", "--styles=emberr:0.5", "-o", "out.png"],
        2,
        "there is no style named \"emberr\"",
        Some("danqing restyle --help"),
    ),
    row(
        &["restyle", "江雪.png", "--style=ember", "--style-image", "there.png", "-o", "out.png"],
        2,
        "more than one of style, styles and style pictures is given",
        Some("give one of --style"),
    ),
    row(&["restyle", "江雪.png", "--style-image", "没有.png", "-o", "out.png"], 3, "没有.png: no such file", None),
    row(&["restyle", "江雪.png", "--style-image", "text.png", "-o", "out.png"], 3, "text.png: not a picture: ", None),
    row(
        &["restyle", "江雪.png", "--style-image=there.png", "--style-weights=1", "--style-weights=2", "-o", "out.png"],
        2,
        "2 style weights are given for 1 style pictures",
        Some("once for each"),
    ),
    row(
        &["restyle", "江雪.png", "--style=ember", "-o", "out.png"],
        6,
        "models are missing: ",
        Some("danqing models pull default"),
    ),
    // Enlarging.
    row(&["upscale", "text.png", "-o", "out.png"], 3, "text.png: not a picture: ", None),
    row(&["upscale", "江雪.png", "--scale=0", "-o", "out.png"], 2, "scale 0 is out of range (expected 1 to 8)", None),
    row(&["upscale", "江雪.png", "--scale=9", "-o", "out.png"], 2, "scale 9 is out of range (expected 1 to 8)", None),
    row(
        &["upscale", "江雪.png", "--scale=NaN", "-o", "out.png"],
        2,
        "--scale \"NaN\" is not a number",
        Some("danqing upscale --help"),
    ),
    row(
        &["upscale", "江雪.png", "--scale=2", "--size=4K", "-o", "out.png"],
        2,
        "scale and size both say how large the result is",
        Some("give a scale, or"),
    ),
    row(
        &["upscale", "江雪.png", "--model=x5plus", "-o", "out.png"],
        3,
        "x5plus: No such file or directory",
        Some("--model takes auto, x4plus, "),
    ),
    row(&["upscale", "江雪.png", "--model=text.png", "-o", "out.png"], 3, "text.png: no known weight file", None),
    row(
        &["upscale", "江雪.png", "--model=video", "-o", "out.png"],
        6,
        "models are missing: ",
        Some("danqing models pull default"),
    ),
    // Selecting.
    row(&["select", "江雪.png", "-o", "out.png"], 2, "nothing is pointed at", Some("--points X,Y")),
    row(
        &["select", "江雪.png", "--points=64,10", "-o", "out.png"],
        2,
        "point 64,10 lies outside the picture of 64x48",
        None,
    ),
    row(
        &["select", "江雪.png", "--rectangle=0,0,0,9", "-o", "out.png"],
        2,
        "rectangle 0,0 0x9 lies outside the picture of 64x48",
        None,
    ),
    row(
        &["select", "江雪.png", "--points=1,1", "-o", "out.png"],
        6,
        "models are missing: ",
        Some("danqing models pull default"),
    ),
    // Cutting out.
    row(&["cutout", "text.png", "-o", "out.png"], 3, "text.png: not a picture: ", None),
    row(
        &["cutout", "江雪.png", "--model=people", "-o", "out.png"],
        2,
        "there is no model \"people\" (expected auto, portrait, general or the path of a weight file)",
        Some("current folder"),
    ),
    row(&["cutout", "江雪.png", "--backdrop", "没有.png", "-o", "out.png"], 3, "没有.png: no such file", None),
    row(
        &["cutout", "江雪.png", "--background=picture", "-o", "out.png"],
        2,
        "the background is to be a picture, but no backdrop is given",
        Some("--backdrop PICTURE"),
    ),
    row(
        &["cutout", "江雪.png", "--background=stars", "-o", "out.png"],
        2,
        "--background \"stars\" is not one of transparent, ",
        Some("danqing cutout --help"),
    ),
    row(
        &["cutout", "江雪.png", "--background=colour", "--colour=sky", "-o", "out.png"],
        2,
        "\"sky\" is not a colour (expected #rrggbb)",
        None,
    ),
    row(
        &["cutout", "江雪.png", "--keep", "small.png", "-o", "out.png"],
        2,
        "the keep mask is 20x20, but the picture is 64x48",
        Some("draw the mask"),
    ),
    row(&["cutout", "江雪.png", "-o", "out.png"], 6, "models are missing: ", Some("danqing models pull default")),
    row(
        &["reimagine", "江雪.png", "--prompt=a cat", "-o", "out.png"],
        6,
        "no checkpoint is named",
        Some("--model PATH"),
    ),
    row(&["reimagine", "江雪.png", "--model=text.png", "-o", "out.png"], 3, "text.png: no known weight file", None),
    row(&["reimagine", "江雪.png", "--model=没有.ckpt", "-o", "out.png"], 3, "没有.ckpt", Some("--model takes")),
    row(&["reimagine", "江雪.png", "--model=.", "-o", "out.png"], 3, "the folder has no unet/config.json", None),
    row(
        &["reimagine", "江雪.png", "--model=text.png", "--sampler=oiler", "-o", "out.png"],
        2,
        "there is no sampler \"oiler\"",
        Some("known are Euler"),
    ),
    row(
        &["reimagine", "江雪.png", "--model=text.png", "--strength=2", "-o", "out.png"],
        2,
        "strength 2 is out of range (expected 0 to 1)",
        None,
    ),
    row(
        &["edit", "江雪.png", SPOT, "--prompt=a cat", "-o", "out.png"],
        6,
        "no checkpoint is named",
        Some("--model PATH"),
    ),
    row(&["edit", "江雪.png", SPOT, "--model=text.png", "-o", "out.png"], 3, "text.png: no known weight file", None),
    row(
        &["edit", "江雪.png", SPOT, "--model=text.png", "--feather=99", "-o", "out.png"],
        2,
        "feather 99 is out of range (expected 0 to 64 pixels)",
        None,
    ),
    // Outputs.
    row(
        &["erase", "江雪.png", SPOT, PATCH, "-o", "there.png"],
        2,
        "there.png: the output file exists",
        Some("--force"),
    ),
    row(
        &["erase", "江雪.png", SPOT, PATCH, "--force", "-o", "./江雪.png"],
        2,
        "./江雪.png: the output is one of the inputs",
        Some("another name"),
    ),
    row(
        &["erase", "江雪.png", "--mask", "there.png", PATCH, "--force", "-o", "there.png"],
        2,
        "there.png: the output is one of the inputs",
        Some("another name"),
    ),
    row(
        &["erase", "江雪.png", SPOT, PATCH, "-o", "no/out.png"],
        7,
        "no: the output folder does not exist",
        Some("folder"),
    ),
    row(&["erase", "江雪.png", SPOT, PATCH, "-o", "out.xyz"], 2, "the name does not say a file format", Some(".png")),
    row(&["erase", "江雪.png", SPOT, PATCH, "-o", "out.gif"], 5, "writing GIF is not supported", Some("png")),
    row(&["erase", "江雪.png", SPOT, PATCH, "--depth=12", "-o", "out.png"], 2, "depth is 12, expected 8 or 16", None),
    row(
        &["erase", "江雪.png", SPOT, PATCH, "--quality=0", "-o", "out.jpg"],
        2,
        "quality is 0, expected 1 to 100",
        None,
    ),
    row(&["erase", "江雪.png", SPOT, PATCH, "-o", "/dev/full"], 7, "/dev/full: the disk is full", Some("space")),
    // Models.
    row(
        &["erase", "江雪.png", SPOT, "-o", "out.png"],
        6,
        "models are missing: migan",
        Some("danqing models pull default"),
    ),
    row(
        &["models", "pull", "nonsense", "--yes"],
        2,
        "there is no model or pack named \"nonsense\"",
        Some("danqing models"),
    ),
    row(&["models", "pull", "default", "--yes", "--offline", "--quiet"], 6, "not fetched: ", None),
    row(&["models", "pull", "default", "--quiet"], 2, "needs your consent", Some("--yes")),
    row(&["models", "path", "migan-512-places2"], 6, "model migan-512-places2 is missing", Some("pull")),
    row(&["models", "import", "migan-512-places2", "text.png"], 3, "text.png has ", None),
    row(&["models", "import", "migan-512-places2", "zeros.bin"], 3, "zeros.bin has sha256 ", None),
    // Recipes.
    row(&["rerun", "江雪.png", "-o", "out.png"], 3, "江雪.png: no danqing recipe inside", Some("--strip-metadata")),
    row(&["recipe", "text.png"], 3, "text.png: not a picture", None),
    row(&["rerun", "江雪.png", "-o", "out.png", "--input", "x"], 2, "--input \"x\" is not NAME=PATH", None),
];

fn workshop() -> Workshop {
    let shop = Workshop::new();
    shop.picture("江雪.png", 64, 48);
    shop.picture("there.png", 8, 8);
    shop.picture("one.png", 1, 1);
    let whole = support::picture(64, 48);
    shop.write("half.png", &whole[..whole.len() / 2]);
    shop.write("empty.png", b"");
    shop.write("text.png", "这不是图片, this is no picture\n".as_bytes());
    shop.mask("small.png", (20, 20), (2, 2, 4, 4));
    shop.mask("black.png", (64, 48), (0, 0, 0, 0));
    shop.mask("white.png", (64, 48), (0, 0, 64, 48));
    shop.write(
        "typo.json",
        r#"{"capability":"erase","params":{"sed":1},"inputs":{"picture":"江雪.png"},"outputs":{"picture":"out.png"}}"#
            .as_bytes(),
    );
    shop.write("unknown.json", br#"{"capability":"paint"}"#);
    shop.write("broken.json", br#"{"capability":"#);
    // The size of the catalogue's file, with other content; takes no room on the disk.
    let zeros = std::fs::File::create(shop.path("zeros.bin")).expect("file");
    zeros.set_len(28_079_181).expect("sparse");
    shop
}

/// Files of the store that are more than empty folders, locks and the catalogue's bookkeeping.
fn kept(shop: &Workshop) -> Vec<String> {
    fn walk(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_none_or(|e| e != "lock") {
                found.push(path.display().to_string());
            }
        }
    }
    let mut found = Vec::new();
    walk(&shop.home(), &mut found);
    found
}

#[test]
fn every_bad_input_has_one_clear_line_in_both_languages_and_leaves_nothing() {
    let shop = workshop();
    let before = shop.names();
    let mut wrong = Vec::new();
    for row in ROWS {
        let ended = shop.run(row.arguments);
        let english = ended.stderr.clone();
        let hinted = row.hint.is_none_or(|hint| ended.hint().is_some_and(|line| line.contains(hint)));
        if ended.code != row.code || !ended.error().contains(row.says) || !hinted {
            wrong.push(format!("{:?}: {} {english}", row.arguments, ended.code));
        }
        let chinese = shop.run(&[row.arguments, &["--lang", "zh"]].concat());
        let lines = chinese
            .stderr
            .lines()
            .map(|line| line.trim_start_matches("错误：").trim_start_matches("提示：").to_owned());
        let untranslated: Vec<_> =
            lines.filter(|line| !is_chinese(&line.replace("江雪.png", "").replace("没有.png", ""))).collect();
        if chinese.code != row.code || chinese.error().is_empty() || !untranslated.is_empty() {
            wrong.push(format!("{:?} in Chinese: {} {}", row.arguments, chinese.code, chinese.stderr));
        }
        assert_eq!(shop.names(), before, "{:?} left something behind", row.arguments);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(kept(&shop), Vec::<String>::new());
}

#[test]
fn a_file_size_limit_leaves_nothing_half_written() {
    let shop = workshop();
    let before = shop.names();
    let ended =
        shop.shell("ulimit -f 1; exec \"$DANQING\" erase 江雪.png --rectangles=4,4,8,8 --engine=telea -o out.png");
    assert_eq!((ended.code, ended.error()), (7, "out.png: the disk is full; nothing was written"), "{}", ended.stderr);
    assert_eq!(shop.names(), before);
}

#[test]
fn a_damaged_model_is_noticed_before_the_work() {
    let shop = workshop();
    let folder = shop.home().join("models/migan-512-places2");
    std::fs::create_dir_all(&folder).expect("folder");
    std::fs::write(folder.join("migan_pipeline_v2.onnx"), b"half a download").expect("written");
    let ended = shop.run(&["erase", "江雪.png", SPOT, "-o", "out.png"]);
    assert_eq!(ended.code, 3, "{}", ended.stderr);
    assert!(ended.error().starts_with("model migan-512-places2 is damaged"), "{}", ended.stderr);
    let verified = shop.run(&["models", "verify", "migan-512-places2"]);
    assert_eq!(verified.code, 3, "{}", verified.stderr);
}

#[test]
fn very_wide_and_very_small_pictures_work() {
    let shop = workshop();
    shop.picture("wide.png", 20_000, 20);
    shop.succeed(&["erase", "wide.png", "--rectangles=9000,5,40,8", "--engine=telea", "-o", "wide-out.png"]);
    assert_eq!(support::samples(&shop.path("wide-out.png")).0, 20_000);
    let ended = shop.run(&["extend", "one.png", "--ratio=4:3", "--fill=colour", "-o", "one-out.png"]);
    assert!(ended.code == 0 || (ended.code == 2 && !ended.error().is_empty()), "{}", ended.stderr);
}
