//! The sheet, drawn: heading, rows of pairs, captions.

use std::path::Path;

use danqing_capability::CancelToken;
use danqing_media::{Raster, Srgb8};

use crate::Error;
use crate::layout::{HEADING, MARGIN, Place, WIDTH, placed};
use crate::lettering::{Lettering, Look, Style};
use crate::paper::{AZURITE, CINNABAR, FAINT, Ink, PAPER, TEXT, fill};
use crate::pictures::Loaded;
use crate::sheet::{Pair, Sheet};

/// Draws the sheet: pictures from `pictures`, masks from `beside`. The same files give the same pixels.
///
/// # Errors
/// If a picture can't be read, or a text has a character that the fonts lack.
pub(crate) fn drawn(sheet: &Sheet, pictures: &Path, beside: &Path) -> Result<Raster<Srgb8>, Error> {
    let lettering = Lettering::new()?;
    spelled(sheet, &lettering)?;
    let loaded = loaded(sheet, pictures, beside)?;
    let aspects: Vec<Vec<f64>> = loaded.iter().map(|row| row.iter().map(Loaded::aspect).collect()).collect();
    let (places, height) = placed(&aspects);
    let mut paper = Raster::from_fn(WIDTH, height, |_, _, pixel| pixel.copy_from_slice(&PAPER));
    heading(&mut paper, &lettering, sheet);
    for ((pairs, row), places) in sheet.rows.iter().zip(&loaded).zip(&places) {
        for ((pair, pictures), place) in pairs.iter().zip(row).zip(places) {
            pictures.draw(&mut paper, place, &CancelToken::default())?;
            caption(&mut paper, &lettering, pair, place);
        }
    }
    Ok(paper)
}

fn loaded(sheet: &Sheet, pictures: &Path, beside: &Path) -> Result<Vec<Vec<Loaded>>, Error> {
    let read = |pair: &Pair| Loaded::read(pair, pictures, beside);
    sheet.rows.iter().map(|row| row.iter().map(read).collect()).collect()
}

/// Refuses a character that would be drawn as an empty box.
fn spelled(sheet: &Sheet, lettering: &Lettering) -> Result<(), Error> {
    let heading = [&sheet.title, &sheet.title_zh, &sheet.subtitle, &sheet.subtitle_zh];
    let captions = sheet.rows.iter().flatten().flat_map(|pair| [&pair.title, &pair.title_zh, &pair.credit]);
    let mut characters = heading.into_iter().chain(captions).flat_map(|text| text.chars());
    characters.find(|&character| !lettering.has(character)).map_or(Ok(()), |missing| Err(Error::Character(missing)))
}

fn look(style: Style, size: f32, ink: Ink, spacing: f32) -> Look {
    Look { style, size, ink, spacing }
}

/// Large name at the left, one sentence at the right, a thin line below.
fn heading(paper: &mut Raster<Srgb8>, lettering: &Lettering, sheet: &Sheet) {
    let baseline = HEADING as f32 - 130.0;
    let mut x = MARGIN as f32 - 8.0;
    for (character, ink) in sheet.title_zh.chars().zip([CINNABAR, AZURITE].into_iter().cycle()) {
        x = lettering.draw(paper, &character.to_string(), look(Style::Roman, 168.0, ink, 0.0), x, baseline);
    }
    lettering.draw(paper, &sheet.title, look(Style::Italic, 104.0, TEXT, 1.0), x + 40.0, baseline - 12.0);
    let right = (WIDTH - MARGIN) as f32;
    let end = |text: &str, look: Look| right - lettering.width(text, look.style, look.size, look.spacing);
    let english = look(Style::Italic, 50.0, TEXT, 0.5);
    lettering.draw(paper, &sheet.subtitle, english, end(&sheet.subtitle, english), baseline - 68.0);
    let chinese = look(Style::Roman, 42.0, FAINT, 7.0);
    lettering.draw(paper, &sheet.subtitle_zh, chinese, end(&sheet.subtitle_zh, chinese), baseline - 8.0);
    fill(paper, MARGIN, HEADING - 72, WIDTH - 2 * MARGIN, 2, [206, 196, 176]);
}

/// Below "before": what was done, in two languages; below "after": whose photograph it is.
fn caption(paper: &mut Raster<Srgb8>, lettering: &Lettering, pair: &Pair, place: &Place) {
    let (left, top) = (place.x as f32, (place.y + place.height) as f32);
    lettering.draw(paper, &pair.title, look(Style::Roman, 40.0, TEXT, 0.3), left, top + 54.0);
    lettering.draw(paper, &pair.title_zh, look(Style::Roman, 32.0, FAINT, 3.0), left, top + 102.0);
    let credit = look(Style::Italic, 28.0, FAINT, 0.3);
    let width = lettering.width(&pair.credit, credit.style, credit.size, credit.spacing);
    let right = (place.after() + place.width) as f32;
    lettering.draw(paper, &pair.credit, credit, right - width, top + 52.0);
}

#[cfg(test)]
mod tests {
    use danqing_media::file::{EncodeOptions, Format, Overwrite, encode, write_atomic};
    use danqing_media::{Channels, Picture, Samples};

    use super::*;
    use crate::sheet::Detail;

    /// A folder with `before.png` (40 × 30 grey), `after.png` (`after` × 30 black) and `mask.png` (a white square).
    fn folder(after: usize) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let square = Raster::from_fn(40, 30, |x, y, pixel| pixel[0] = if x.max(y) < 12 { 255 } else { 0 });
        for (name, picture) in [
            ("before.png", Picture::from_srgb8(Raster::filled(40, 30, 150))),
            ("after.png", Picture::from_srgb8(Raster::filled(after, 30, 0))),
            ("mask.png", Picture::from_mask(square)),
        ] {
            let bytes = encode(&picture, &EncodeOptions::new(Format::Png), &CancelToken::default()).unwrap().bytes;
            write_atomic(folder.path().join(name), &bytes, Overwrite::Refuse, &CancelToken::default()).unwrap();
        }
        folder
    }

    fn sheet(change: &str) -> Sheet {
        let pair = format!(
            r#"{{"change": {change}, "before": "before.png", "after": "after.png", "title": "T", "title_zh": "图",
                "credit": "C"}}"#
        );
        let text =
            format!(r#"{{"title": "t", "title_zh": "丹青", "subtitle": "", "subtitle_zh": "", "rows": [[{pair}]]}}"#);
        serde_json::from_str(&text).unwrap()
    }

    fn painted(change: &str, after: usize) -> Raster<Srgb8> {
        let folder = folder(after);
        drawn(&sheet(change), folder.path(), folder.path()).unwrap()
    }

    /// How many pixels of the row of pictures have this colour.
    fn count(paper: &Raster<Srgb8>, ink: Ink) -> usize {
        let row = &paper.samples()[HEADING * WIDTH * 3..];
        row.chunks_exact(3).filter(|pixel| *pixel == ink).count()
    }

    #[test]
    fn the_same_files_give_the_same_pixels() {
        assert_eq!(painted(r#""adjust""#, 40), painted(r#""adjust""#, 40));
    }

    #[test]
    fn only_the_erased_area_is_outlined() {
        assert_eq!(count(&painted(r#""adjust""#, 40), CINNABAR), 0);
        assert!(count(&painted(r#"{"erase": {"mask": "mask.png"}}"#, 40), CINNABAR) > 100);
    }

    #[test]
    fn the_new_area_is_framed_and_the_old_one_stands_in_the_middle() {
        let paper = painted(r#""extend""#, 60);
        let (places, _) = placed(&[vec![2.0]]);
        let place = places[0][0];
        assert!(count(&paper, CINNABAR) > 100);
        assert_eq!(paper.pixel(place.x + place.width / 2, place.y + place.height / 2), [150; 3]);
        assert_ne!(paper.pixel(place.x + place.width / 12, place.y + place.height / 2), [150; 3]);
    }

    #[test]
    fn what_is_transparent_shows_squares() {
        let folder = folder(40);
        let clear = Picture::new(40, 30, Channels::Rgba, Samples::U8(vec![0; 40 * 30 * 4])).unwrap();
        let bytes = encode(&clear, &EncodeOptions::new(Format::Png), &CancelToken::default()).unwrap().bytes;
        write_atomic(folder.path().join("after.png"), &bytes, Overwrite::Replace, &CancelToken::default()).unwrap();
        let paper = drawn(&sheet(r#""cutout""#), folder.path(), folder.path()).unwrap();
        assert!(count(&paper, [252; 3]) > 1000 && count(&paper, [226; 3]) > 1000);
        assert_eq!(count(&paper, [0; 3]), 0);
    }

    #[test]
    fn an_upscaled_picture_s_detail_is_the_same_part_of_both() {
        let folder = folder(80);
        let half = Raster::from_fn(40, 30, |x, _, pixel| pixel.fill(if x < 20 { 0 } else { 200 }));
        let bytes = encode(&Picture::from_srgb8(half), &EncodeOptions::new(Format::Png), &CancelToken::default())
            .unwrap()
            .bytes;
        write_atomic(folder.path().join("before.png"), &bytes, Overwrite::Replace, &CancelToken::default()).unwrap();
        let mut sheet = sheet(r#""upscale""#);
        sheet.rows[0][0].detail = Some(Detail { x: 48, y: 0, width: 32, height: 30 });
        let paper = drawn(&sheet, folder.path(), folder.path()).unwrap();
        let (places, _) = placed(&[vec![32.0 / 30.0]]);
        assert_eq!(paper.pixel(places[0][0].x + 10, places[0][0].y + 10), [200; 3]);
    }

    #[test]
    fn a_missing_picture_is_named() {
        let folder = folder(40);
        std::fs::remove_file(folder.path().join("after.png")).unwrap();
        let error = drawn(&sheet(r#""adjust""#), folder.path(), folder.path()).unwrap_err();
        assert!(error.to_string().contains("after.png"), "{error}");
    }

    #[test]
    fn a_character_without_a_glyph_is_refused() {
        let mut sheet = sheet(r#""adjust""#);
        sheet.subtitle_zh = "一图入𰻞".to_owned();
        let folder = folder(40);
        let error = drawn(&sheet, folder.path(), folder.path()).unwrap_err();
        assert!(matches!(error, Error::Character('𰻞')), "{error}");
    }

    #[test]
    fn an_unknown_field_of_a_sheet_is_refused() {
        let text = r#"{"title": "t", "title_zh": "", "subtitle": "", "subtitle_zh": "", "rows": [], "columns": 3}"#;
        assert!(serde_json::from_str::<Sheet>(text).is_err());
    }
}
