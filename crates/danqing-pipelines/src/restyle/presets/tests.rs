use danqing_vision::painting::{Recipe, ink};
use danqing_weights::StoreConfig;
use std::path::Path;

use super::*;

fn found_in(params: Params, home: &Path) -> Result<Params, Error> {
    let store = ModelStore::open(StoreConfig::in_folder(home, true)).expect("opens");
    found(params, &store, &CancelToken::default())
}

fn of_style(style: &str) -> Params {
    Params { style: Some(style.to_owned()), ..Params::default() }
}

#[test]
fn every_preset_paints_with_the_defaults_of_its_code() {
    let presets: Vec<_> = built_in().collect();
    assert_eq!(presets.len(), IDS.len());
    for (id, preset) in presets {
        let Ok(Paint::Recipe(recipe)) = preset.paint() else { panic!("{id} has no recipe") };
        assert_eq!(recipe.method(), id);
        let bare = Preset::parsed(&format!("title = \"x\"\n[recipe]\nmethod = \"{id}\"\n")).expect("defaults");
        assert_eq!(bare.recipe, preset.recipe, "{id}: file and code differ");
        assert!(!preset.source.is_empty() && preset.title_zh.chars().all(|c| c > '\u{2e80}'), "{id}");
    }
}

#[test]
fn the_example_with_a_seal_is_the_ink_wash_with_a_seal() {
    let text = include_str!("../../../../../examples/presets/ink-wash-with-seal.toml");
    let preset = Preset::parsed(text).expect("a preset");
    let sealed = Recipe::InkWash(ink::Params { seal: true, ..ink::Params::default() });
    assert_eq!(preset.paint(), Ok(Paint::Recipe(sealed)));
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let recipe = |text: &str| format!("title = \"x\"\n[recipe]\n{text}");
    let cases = [
        (recipe("method = \"ink-wash\"\nwetnes = 0.5"), "unknown field `wetnes`"),
        (recipe("method = \"ink-wash\"\nwetness = 1.4"), "1.4 is outside 0 to 1"),
        (recipe("method = \"ink-wash\"\nwetness = \"much\""), "invalid type: string \"much\""),
        (recipe("method = \"etching\""), "unknown variant `etching`, expected one of `ink-wash`"),
        (recipe("ink = 0.3"), "missing field `method`"),
        ("title = \"x\"".to_owned(), "it says none of [recipe], [[gallery]] and [[style_picture]]"),
        (
            recipe("method = \"oil\"\n[[gallery]]\nstyle = \"ember\"\nweight = 1.0"),
            "it says more than one of [recipe], [[gallery]] and [[style_picture]]",
        ),
        ("titel = \"x\"".to_owned(), "unknown field `titel`"),
        ("title = ".to_owned(), "line 1"),
    ];
    for (text, part) in cases {
        let reason = Preset::parsed(&text).expect_err(part);
        assert!(reason.contains(part) && !reason.contains('\n'), "{text}: {reason}");
    }
}

#[test]
fn presets_of_the_user_are_found_by_name_and_by_path() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("presets");
    std::fs::create_dir(&folder).expect("made");
    let text = "title = \"Mine\"\n[recipe]\nmethod = \"pencil\"\nshading = 0.9\n";
    for name in ["mine", "我的", "oil"] {
        std::fs::write(folder.join(name).with_extension("toml"), text).expect("written");
    }
    std::fs::write(folder.join("broken.toml"), "title").expect("written");
    for style in ["mine", "我的", folder.join("mine.toml").to_str().expect("text")] {
        let params = found_in(of_style(style), home.path()).expect(style);
        assert_eq!(params.preset.as_ref().map(|p| p.title.as_str()), Some("Mine"), "{style}");
        assert_eq!(found_in(params.clone(), Path::new("/nowhere")).expect("resolved"), params);
    }
    assert_eq!(found_in(of_style("oil"), home.path()).expect("built in").preset, None);
    assert_eq!(found_in(of_style("nobody"), home.path()).expect("not found").preset, None);
    let names: Vec<String> = of_user(home.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["mine", "oil", "我的"]);
    let error = found_in(of_style("broken"), home.path()).expect_err("broken").to_string();
    assert!(error.contains("broken.toml is not a preset: "), "{error}");
    let error = found_in(of_style("none.toml"), home.path()).expect_err("no file").to_string();
    assert!(error.contains("none.toml is not a preset: "), "{error}");
}

#[test]
fn style_pictures_are_found_beside_the_preset_and_stay_the_same() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("presets");
    std::fs::create_dir(&folder).expect("made");
    let photographs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/photographs");
    std::fs::copy(photographs.join("chelsea.jpg"), folder.join("猫.jpg")).expect("copied");
    let text = "title = \"Cat\"\n[[style_picture]]\npicture = \"猫.jpg\"\nweight = 2.5\n";
    std::fs::write(folder.join("cat.toml"), text).expect("written");

    let params = found_in(of_style("cat"), home.path()).expect("found");
    let art = pictures_of(&params).first().expect("one picture").clone();
    assert_eq!((Path::new(&art.picture).is_absolute(), art.sha256.as_deref().map(str::len)), (true, Some(64)));
    let decided = crate::restyle::choice::decided(params.clone(), 0).expect("fits");
    assert_eq!((decided.mode, &decided.style_weights[..]), (crate::restyle::Mode::Transfer, &[2.5][..]));
    let again = crate::restyle::choice::decided(decided.clone(), 0).expect("fits");
    assert_eq!(again, decided);
    assert!(crate::restyle::choice::decided(params.clone(), 1).is_err(), "a preset's pictures and another one");
    let cancel = CancelToken::default();
    let preset = params.preset.as_ref().expect("found");
    assert_eq!(loaded_pictures(preset, &cancel).expect("read")[0].size(), (256, 170));

    std::fs::copy(photographs.join("coffee.jpg"), folder.join("猫.jpg")).expect("copied");
    let error = loaded_pictures(preset, &cancel).expect_err("another picture").to_string();
    assert!(error.contains("猫.jpg has sha256 "), "{error}");
    assert!(found_in(params, home.path()).is_err(), "a recipe means the picture it was made with");
}

#[test]
fn style_pictures_that_can_not_be_had_are_refused() {
    let home = tempfile::tempdir().expect("a folder");
    let preset = |picture: &str| home.path().join(format!("{}.toml", picture.len())).display().to_string();
    let cases = [("none.png", "none.png"), ("art-of-nobody", "art-of-nobody"), ("art-irises", "art-irises")];
    for (picture, part) in cases {
        let text = format!("title = \"x\"\n[[style_picture]]\npicture = \"{picture}\"\n");
        std::fs::write(preset(picture), text).expect("written");
        let error = found_in(of_style(&preset(picture)), home.path()).expect_err(picture).to_string();
        assert!(error.contains(part), "{error}");
    }
    let weight = "title = \"x\"\n[[style_picture]]\npicture = \"a.png\"\nweight = 0.0\n";
    let reason = Preset::parsed(weight).expect_err("no weight");
    assert_eq!(reason, "the weight of a.png is 0, expected a number above 0");
}

#[test]
fn the_example_with_a_style_picture_can_be_read() {
    let text = include_str!("../../../../../examples/presets/dots-of-light.toml");
    let preset = Preset::parsed(text).expect("a preset");
    let Ok(Paint::Pictures(pictures)) = preset.paint() else { panic!("no style pictures") };
    assert_eq!(pictures[0].picture, "art-grande-jatte");
}
