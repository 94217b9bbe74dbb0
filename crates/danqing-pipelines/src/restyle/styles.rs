//! The gallery: names of the network's 26 styles, chosen by what each does to photographs.

/// One style of the gallery; its place in [`GALLERY`] is the network's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GalleryStyle {
    /// Name in requests.
    pub id: &'static str,
    /// English.
    pub title: &'static str,
    /// Chinese.
    pub title_zh: &'static str,
}

const fn style(id: &'static str, title: &'static str, title_zh: &'static str) -> GalleryStyle {
    GalleryStyle { id, title, title_zh }
}

/// By the network's number.
pub const GALLERY: [GalleryStyle; 26] = [
    style("harvest-light", "Harvest light: pale yellow and sky blue, short strokes", "麦秋之光"),
    style("black-and-yellow", "Black and yellow: bold contours on white", "黑线黄彩"),
    style("gentle-gouache", "Gentle gouache: soft, near the picture's own colours", "柔和水粉"),
    style("splinters", "Splinters: shards of cyan, orange and red on black", "碎彩"),
    style("carnival", "Carnival: crimson, gold and light blue", "嘉年华"),
    style("autumn-impasto", "Autumn impasto: thick orange, red and blue strokes", "秋日厚涂"),
    style("midnight-seeds", "Midnight seeds: dark blue ground with dots", "午夜繁点"),
    style("bold-primaries", "Bold primaries: red, yellow and blue out of black", "浓烈三原色"),
    style("candy-crayon", "Candy crayon: pink, turquoise and yellow on white", "糖果蜡笔"),
    style("coral-pattern", "Coral pattern: teal and red pebbles", "珊瑚纹"),
    style("copper-dusk", "Copper dusk: brown and orange glow", "铜色黄昏"),
    style("parchment-engraving", "Parchment engraving: ochre lines on old paper", "羊皮纸版画"),
    style("lilac-pastel", "Lilac pastel: lilac and yellow haze", "丁香粉彩"),
    style("emerald-expression", "Emerald expression: green, teal and black", "翠色表现"),
    style("morning-mist", "Morning mist: pale turquoise and rose", "晨雾"),
    style("coloured-leading", "Coloured leading: fine coloured contours on white", "彩线镶嵌"),
    style("indigo-twilight", "Indigo twilight: blue and olive strokes", "靛色暮光"),
    style("woven-grid", "Woven grid: red, orange and blue bars", "织格"),
    style("sand-carving", "Sand carving: brown relief on khaki", "沙地刻痕"),
    style("starry-night", "Starry night: swirling blue and yellow", "星夜"),
    style("ember", "Ember: dark red glow", "余烬"),
    style("paper-cutout", "Paper cut-out: light blue, rose, cream and black", "剪纸拼贴"),
    style("ivory-cubism", "Ivory cubism: ivory and lilac planes with black and red", "象牙立体派"),
    style("old-master-dusk", "Old master's dusk: dark and soft", "古典暮色"),
    style("indigo-woodblock", "Indigo woodblock: navy print on cream", "靛蓝木版"),
    style("rough-impasto", "Rough impasto: dark, grainy brown and blue", "粗粝厚涂"),
];

/// The network's number of a style.
pub(super) fn index_of(id: &str) -> Option<usize> {
    GALLERY.iter().position(|style| style.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::restyle::{Params, presets};

    #[test]
    fn names_are_plain_unique_and_no_preset_s() {
        for (index, style) in GALLERY.iter().enumerate() {
            assert!(style.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", style.id);
            assert_eq!(index_of(style.id), Some(index), "{} stands twice", style.id);
            assert!(!presets::IDS.contains(&style.id), "{} is a preset", style.id);
            let schema = serde_json::Value::from(schemars::schema_for!(Params)).to_string();
            assert!(schema.contains(style.id), "{} is not in the help", style.id);
            let chinese = format!("{} {}", style.id, style.title_zh);
            assert!(include_str!("zh.toml").contains(&chinese), "{chinese} is not in the Chinese help");
            assert!(!style.title.is_empty() && style.title_zh.chars().all(|c| c > '\u{2e80}'), "{}", style.id);
        }
    }
}
