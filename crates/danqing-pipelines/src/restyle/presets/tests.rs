use danqing_vision::painting::{Recipe, ink};

use super::*;

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
        ("title = \"x\"".to_owned(), "it says neither [recipe] nor [[gallery]]"),
        (
            recipe("method = \"oil\"\n[[gallery]]\nstyle = \"ember\"\nweight = 1.0"),
            "it says both [recipe] and [[gallery]]",
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
        let params = found(of_style(style), home.path()).expect(style);
        assert_eq!(params.preset.as_ref().map(|p| p.title.as_str()), Some("Mine"), "{style}");
        assert_eq!(found(params.clone(), Path::new("/nowhere")).expect("resolved"), params);
    }
    assert_eq!(found(of_style("oil"), home.path()).expect("built in").preset, None);
    assert_eq!(found(of_style("nobody"), home.path()).expect("not found").preset, None);
    let names: Vec<String> = of_user(home.path()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["mine", "oil", "我的"]);
    let error = found(of_style("broken"), home.path()).expect_err("broken").to_string();
    assert!(error.contains("broken.toml is not a preset: "), "{error}");
    let error = found(of_style("none.toml"), home.path()).expect_err("no file").to_string();
    assert!(error.contains("none.toml is not a preset: "), "{error}");
}
