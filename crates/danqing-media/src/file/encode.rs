//! Pictures to bytes.

use std::borrow::Cow;
use std::sync::Arc;

use danqing_capability::CancelToken;

use super::{Format, comment, jpeg, png, tiff, webp, xmp};
use crate::{Channels, Depth, Error, Picture, Samples, Warning};

/// Which depth a file gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DepthChoice {
    /// The picture's own.
    #[default]
    Keep,
    /// 8 bit.
    Eight,
    /// 16 bit.
    Sixteen,
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// Format of the file.
    pub format: Format,
    /// Quality of JPEG and lossy WebP, `1..=100`.
    pub quality: u8,
    /// Whether WebP is lossless; other formats are what they are.
    pub lossless: bool,
    /// Bits per sample.
    pub depth: DepthChoice,
    /// Leaves EXIF, XMP and texts out. Profile and recipe stay; set them to `None` on the picture to leave them out.
    pub strip_metadata: bool,
}

impl EncodeOptions {
    /// Everything kept: own depth, metadata, lossless where the format can; quality 92 where it can't.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format, quality: 92, lossless: true, depth: DepthChoice::Keep, strip_metadata: false }
    }

    fn check(self, picture: &Picture) -> Result<(), Error> {
        if !(1..=100).contains(&self.quality) {
            return Err(Error::OutOfRange { name: "quality", actual: self.quality.to_string(), expected: "1..=100" });
        }
        let (width, height) = picture.size();
        let samples = width.saturating_mul(height).saturating_mul(picture.channels.count());
        if samples == 0 || picture.samples.len() != samples {
            let expected = "at least one pixel and a sample for each";
            return Err(Error::OutOfRange { name: "picture size", actual: format!("{width}x{height}"), expected });
        }
        let limit = match self.format {
            Format::Jpeg => 65_535,
            Format::WebP => 16_383,
            _ => 1 << 24,
        };
        let side = width.max(height) as u64;
        if side > limit {
            return Err(Error::TooLarge { what: "longer side for this file format", actual: side, limit });
        }
        Ok(())
    }
}

/// A picture file in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The file.
    pub bytes: Vec<u8>,
    /// What the format could not hold, e.g. `("alpha_flattened", …)`.
    pub warnings: Vec<Warning>,
}

/// Keyword of the text in which A1111 and many others say how a picture was made. Formats without texts hold it as the
/// comment of their EXIF data.
pub(super) const INFOTEXT: &str = "parameters";

/// What goes into a file besides samples.
pub(super) struct Attachments<'a> {
    pub(super) icc: Option<&'a [u8]>,
    pub(super) exif: Option<Cow<'a, [u8]>>,
    /// Without the recipe.
    pub(super) xmp: Option<&'a str>,
    pub(super) texts: &'a [(String, String)],
    pub(super) recipe: Option<&'a str>,
}

impl<'a> Attachments<'a> {
    fn new(picture: &'a Picture, options: EncodeOptions) -> Self {
        let metadata = &picture.metadata;
        let kept = !options.strip_metadata;
        let infotext = metadata.texts.iter().find(|(keyword, _)| keyword == INFOTEXT).map(|(_, text)| text.as_str());
        let exif = metadata.exif.as_deref();
        let exif = match infotext {
            Some(text) if options.format != Format::Png || exif.is_some_and(comment::has_comment) => {
                Some(Cow::Owned(comment::with_text(exif, text)))
            }
            _ => exif.map(Cow::Borrowed),
        };
        Self {
            icc: picture.icc_profile.as_deref(),
            exif: exif.filter(|_| kept),
            xmp: metadata.xmp.as_deref().filter(|_| kept),
            texts: if kept { &metadata.texts } else { &[] },
            recipe: metadata.recipe.as_deref(),
        }
    }

    /// One XMP packet with everything, for formats that have no place of their own for a recipe.
    pub(super) fn xmp_with_recipe(&self, warnings: &mut Vec<Warning>) -> Option<Cow<'a, str>> {
        let Some(recipe) = self.recipe else { return self.xmp.map(Cow::Borrowed) };
        if self.xmp.is_some_and(|packet| !xmp::can_hold_recipe(packet)) {
            let message = "the XMP data of the picture is not well formed and was replaced by the recipe";
            warnings.push(Warning::new("xmp_replaced", message));
        }
        Some(Cow::Owned(xmp::with_recipe(self.xmp, recipe)))
    }

    /// Says that texts have no place in this format; the infotext is in its EXIF data.
    pub(super) fn warn_about_texts(&self, format: Format, warnings: &mut Vec<Warning>) {
        let left_out = self.texts.iter().filter(|(keyword, _)| keyword != INFOTEXT).count();
        if left_out > 0 {
            let message = format!("{format} holds no PNG texts; {left_out} were left out");
            warnings.push(Warning::new("texts_dropped", message));
        }
    }
}

/// Writes a picture as a file in memory; the same picture and options give the same bytes.
///
/// Memory: the file, and a second copy of the samples where depth or channels change.
///
/// # Errors
/// [`Error::OutOfRange`] for options or a picture without pixels, [`Error::TooLarge`] for what the format can't hold,
/// [`Error::Unsupported`] for formats that are only read, [`Error::Encode`], [`Error::Cancelled`].
pub fn encode(picture: &Picture, options: &EncodeOptions, cancel: &CancelToken) -> Result<Encoded, Error> {
    options.check(picture)?;
    let mut warnings = Vec::new();
    let picture = in_depth(picture, *options, &mut warnings);
    let attachments = Attachments::new(&picture, *options);
    let bytes = match options.format {
        Format::Png => png::encode(&picture, &attachments, cancel)?,
        Format::Jpeg => jpeg::encode(&picture, &attachments, options.quality, &mut warnings, cancel)?,
        Format::WebP => webp::encode(&picture, &attachments, *options, &mut warnings, cancel)?,
        Format::Tiff => tiff::encode(&picture, &attachments, &mut warnings, cancel)?,
        format => {
            let way_out = "write PNG, JPEG, WebP or TIFF".to_owned();
            return Err(Error::Unsupported { what: format!("writing {format}"), way_out });
        }
    };
    Ok(Encoded { bytes, warnings })
}

fn in_depth<'a>(picture: &'a Picture, options: EncodeOptions, warnings: &mut Vec<Warning>) -> Cow<'a, Picture> {
    let wanted = match options.depth {
        DepthChoice::Keep => picture.depth(),
        DepthChoice::Eight => Depth::Eight,
        DepthChoice::Sixteen => Depth::Sixteen,
    };
    let only_eight = matches!(options.format, Format::Jpeg | Format::WebP);
    let depth = if only_eight { Depth::Eight } else { wanted };
    if depth != wanted {
        let message = format!("{} holds 8 bits per sample; 16-bit samples were rounded", options.format);
        warnings.push(Warning::new("depth_reduced", message));
    }
    if depth == picture.depth() { Cow::Borrowed(picture) } else { Cow::Owned(picture.with_depth(depth)) }
}

/// 8-bit samples without alpha, laid over white where there was some.
pub(super) fn flattened<'a>(
    picture: &'a Picture,
    samples: &'a [u8],
    format: Format,
    warnings: &mut Vec<Warning>,
) -> (Channels, Cow<'a, [u8]>) {
    let channels = picture.channels;
    if !channels.has_alpha() {
        return (channels, Cow::Borrowed(samples));
    }
    let (count, colors) = (channels.count(), channels.colors());
    if samples.iter().skip(colors).step_by(count).any(|&alpha| alpha < 255) {
        let message = format!("{format} holds no transparency; the picture was laid over white");
        warnings.push(Warning::new("alpha_flattened", message));
    }
    let mut made = Vec::with_capacity(samples.len() / count * colors);
    for pixel in samples.chunks_exact(count) {
        let alpha = u32::from(pixel[colors]);
        made.extend(pixel[..colors].iter().map(|&v| ((u32::from(v) * alpha + 255 * (255 - alpha) + 127) / 255) as u8));
    }
    (channels.with_alpha(false), Cow::Owned(made))
}

/// Samples of a picture that [`in_depth`] has made 8 bit.
pub(super) fn bytes_of(picture: &Picture, format: Format) -> Result<&[u8], Error> {
    match &picture.samples {
        Samples::U8(samples) => Ok(samples),
        Samples::U16(_) => Err(Error::Encode { format, detail: "samples are not 8 bit".to_owned() }),
    }
}

/// Shared bytes of a metadata block.
pub(super) fn shared(bytes: &[u8]) -> Option<Arc<[u8]>> {
    (!bytes.is_empty()).then(|| bytes.into())
}
