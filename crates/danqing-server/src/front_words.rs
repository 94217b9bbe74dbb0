//! Messages of the libraries speak of command-line options; over HTTP and in the page the same settings are fields.
//!
//! `--style-image ART` becomes the field `style_image` between backticks, in both languages. Whole commands between
//! backticks stay as they are, unless there is something else to do here.

/// Words of whole commands, and what stands for them here.
const COMMANDS: [(&str, &str); 12] = [
    ("`danqing adjust --resize …`", "the capability Adjust resizes"),
    ("`danqing adjust --resize` makes pictures smaller", "the capability Adjust makes pictures smaller"),
    ("缩小图片请用 `danqing adjust --resize`", "可用“调整”功能缩小图片"),
    ("`danqing restyle --help` lists the presets", "the presets stand beside the field `style`"),
    ("用 `danqing restyle --help` 查看预设", "预设见 `style`"),
    (", or add --yes", ""),
    ("，或加上 --yes", ""),
    (
        "; or name a file or diffusers folder of yours with --model PATH",
        "; or put a file of yours into the folder of checkpoints",
    ),
    ("；或用 --model 路径 指定你自己的模型文件或 diffusers 文件夹", "；或把你自己的模型文件放进 checkpoints 文件夹"),
    (
        "--model takes the path of a .safetensors or .ckpt file or of a diffusers folder",
        "`model` takes the name of a file or diffusers folder in the folder of checkpoints",
    ),
    (
        "--model 应为 .safetensors 或 .ckpt 文件，或 diffusers 文件夹的路径",
        "`model` 应为 checkpoints 文件夹里的文件或 diffusers 文件夹的名称",
    ),
    (" or the path of a file", " or the name of a file"),
];
/// Words that stand for a value in Chinese.
const PLACEHOLDERS: [&str; 4] = ["蒙版", "图片", "画稿", "路径"];
/// Options of `danqing serve`: they are what they are.
const OF_SERVER: [&str; 5] = ["--allow-host", "--allow-origin", "--token", "--port", "--precision"];

/// The message without options.
pub(crate) fn with_fields(message: &str) -> String {
    if !message.contains("--") {
        return message.to_owned();
    }
    let mut message = message.to_owned();
    for (command, here) in COMMANDS {
        message = message.replace(command, here);
    }
    let outside = |(at, part): (usize, &str)| if at % 2 == 0 { fields(part) } else { part.to_owned() };
    message.split('`').enumerate().map(outside).collect::<Vec<_>>().join("`")
}

/// Every option of a text as the field it is.
fn fields(text: &str) -> String {
    let mut made = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("--") {
        let (before, from) = rest.split_at(at);
        made.push_str(before);
        let length = from[2..].find(|c: char| !(c.is_ascii_lowercase() || c == '-')).map_or(from.len(), |end| end + 2);
        let (option, after) = from.split_at(length);
        let name = option[2..].replace('-', "_");
        let is_option = name.starts_with(|c: char| c.is_ascii_lowercase()) && !before.ends_with(is_of_word);
        if is_option && !OF_SERVER.contains(&option) {
            made.extend(["`", &name, "`"]);
            rest = without_placeholder(after);
        } else {
            made.push_str(option);
            rest = after;
        }
    }
    made + rest
}

fn is_of_word(sign: char) -> bool {
    sign.is_ascii_alphanumeric() || sign == '-'
}

/// What follows an option, without the word that stands for its value: one in capitals, or its Chinese counterpart.
fn without_placeholder(after: &str) -> &str {
    let Some(word) = after.strip_prefix(' ') else { return after };
    if let Some(rest) = PLACEHOLDERS.iter().find_map(|placeholder| word.strip_prefix(placeholder)) {
        return rest;
    }
    let length = word.find(|c: char| !(c.is_ascii_uppercase() || c == ',')).unwrap_or(word.len());
    let (placeholder, rest) = word.split_at(length);
    let is_one = placeholder.starts_with(|c: char| c.is_ascii_uppercase()) && !rest.starts_with(char::is_alphanumeric);
    // A comma at its end belongs to the sentence.
    if is_one { &word[placeholder.trim_end_matches(',').len()..] } else { after }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_fields() {
        for (written, here) in [
            (
                "give --mask MASK (white = erase), --rectangles or --points",
                "give `mask` (white = erase), `rectangles` or `points`",
            ),
            (
                "请给出 --mask 蒙版（白色处擦除）、--rectangles 或 --points",
                "请给出 `mask`（白色处擦除）、`rectangles` 或 `points`",
            ),
            (
                "give --points X,Y on the thing, or --rectangle X,Y,WIDTH,HEIGHT around it",
                "give `points` on the thing, or `rectangle` around it",
            ),
            (
                "give --ratio 4:3, or --left, --right, --top, --bottom, or --auto",
                "give `ratio` 4:3, or `left`, `right`, `top`, `bottom`, or `auto`",
            ),
            (
                "name one with --style NAME, or give a picture with --style-image ART",
                "name one with `style`, or give a picture with `style_image`",
            ),
            ("a smaller --scale or --tile needs less", "a smaller `scale` or `tile` needs less"),
            ("use --mask-channel brightness", "use `mask_channel` brightness"),
            (
                "fetch with `danqing models pull sd15 --yes`, or add --yes",
                "fetch with `danqing models pull sd15 --yes`",
            ),
            ("`danqing adjust --resize` makes pictures smaller", "the capability Adjust makes pictures smaller"),
            ("allow it with --allow-host NAME", "allow it with --allow-host NAME"),
            ("a -- b, x--y, 2--3", "a -- b, x--y, 2--3"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(with_fields(written), here);
        }
    }
}
