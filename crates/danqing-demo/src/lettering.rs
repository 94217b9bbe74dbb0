//! Lines of text in Latin letters and Chinese characters.

use ab_glyph::{Font, FontRef, Glyph, InvalidFont, PxScale, ScaleFont, point};
use danqing_media::{Raster, Srgb8};

use crate::paper::{Ink, mix};

/// Upright or slanted Latin letters; Chinese characters are always upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Upright.
    Roman,
    /// Slanted.
    Italic,
}

/// The three fonts of the sheet.
pub(crate) struct Lettering {
    roman: FontRef<'static>,
    italic: FontRef<'static>,
    kai: FontRef<'static>,
}

impl Lettering {
    /// Reads the embedded fonts.
    ///
    /// # Errors
    /// If one is damaged.
    pub(crate) fn new() -> Result<Self, InvalidFont> {
        Ok(Self {
            roman: FontRef::try_from_slice(include_bytes!("../fonts/sheet-latin.otf"))?,
            italic: FontRef::try_from_slice(include_bytes!("../fonts/sheet-italic.otf"))?,
            kai: FontRef::try_from_slice(include_bytes!("../fonts/sheet-kai.ttf"))?,
        })
    }

    /// The font that has this character: Chinese from U+2E80 on, and whatever the Latin font lacks.
    fn font(&self, character: char, style: Style) -> &FontRef<'static> {
        match style {
            _ if character >= '\u{2e80}' => &self.kai,
            Style::Roman => &self.roman,
            Style::Italic => &self.italic,
        }
    }

    /// Whether the sheet's fonts can draw this character.
    pub(crate) fn has(&self, character: char) -> bool {
        character == ' ' || self.font(character, Style::Roman).glyph_id(character).0 != 0
    }

    /// Width in pixels at `size` pixels per em; `spacing` pixels are added after each character.
    pub(crate) fn width(&self, text: &str, style: Style, size: f32, spacing: f32) -> f32 {
        let drawn: f32 = text.chars().map(|character| self.advance(character, style, size) + spacing).sum();
        (drawn - spacing).max(0.0)
    }

    fn advance(&self, character: char, style: Style, size: f32) -> f32 {
        let font = self.font(character, style);
        let scale = font.pt_to_px_scale(size * 0.75).unwrap_or(PxScale::from(size));
        font.as_scaled(scale).h_advance(font.glyph_id(character))
    }

    /// Draws one line from `x` with its baseline at `y`; gives where it ends.
    pub(crate) fn draw(&self, paper: &mut Raster<Srgb8>, text: &str, look: Look, x: f32, y: f32) -> f32 {
        let mut left = x;
        for character in text.chars() {
            let font = self.font(character, look.style);
            let scale = font.pt_to_px_scale(look.size * 0.75).unwrap_or(PxScale::from(look.size));
            let glyph = font.glyph_id(character).with_scale_and_position(scale, point(left, y));
            ink_glyph(paper, font, glyph, look.ink);
            left += self.advance(character, look.style, look.size) + look.spacing;
        }
        left - look.spacing
    }
}

/// How a line looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Upright or slanted.
    pub(crate) style: Style,
    /// Pixels per em.
    pub(crate) size: f32,
    /// Colour.
    pub(crate) ink: Ink,
    /// Pixels added after each character.
    pub(crate) spacing: f32,
}

fn ink_glyph(paper: &mut Raster<Srgb8>, font: &FontRef<'static>, glyph: Glyph, ink: Ink) {
    let Some(outline) = font.outline_glyph(glyph) else { return };
    let corner = outline.px_bounds().min;
    outline.draw(|x, y, coverage| {
        mix(paper, corner.x as isize + x as isize, corner.y as isize + y as isize, ink, coverage);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_is_spelled_in_the_fonts() {
        let lettering = Lettering::new().unwrap();
        let demo = include_str!("../../../examples/demo.json");
        let missing: String = demo.chars().filter(|&c| !c.is_control() && !lettering.has(c)).collect();
        assert_eq!(missing, "", "run tools/demo/fonts.py");
    }

    #[test]
    fn a_line_ends_where_its_width_says() {
        let lettering = Lettering::new().unwrap();
        let mut paper = Raster::filled(600, 80, 255);
        let look = Look { style: Style::Roman, size: 40.0, ink: [0; 3], spacing: 2.0 };
        let end = lettering.draw(&mut paper, "Erase 擦除", look, 10.0, 60.0);
        assert!((end - 10.0 - lettering.width("Erase 擦除", Style::Roman, 40.0, 2.0)).abs() < 0.01);
        assert!(paper.samples().iter().any(|&sample| sample < 64));
    }
}
