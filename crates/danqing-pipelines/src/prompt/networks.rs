//! `<lora:name:weight>`: taken out of the prompt before anything else is read. Rule: `extra_networks.parse_prompt` and the
//! arguments of `extensions-builtin/Lora` of lllyasviel/stable-diffusion-webui-forge@dfdcbab.

use super::PromptError;

/// A `LoRA` and how much it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Lora {
    /// Name of the file, without its ending.
    pub name: String,
    /// Weight in the text encoder.
    pub text_weight: f32,
    /// Weight in the denoiser; the text encoder's unless said.
    pub network_weight: f32,
}

impl Lora {
    /// From what stands inside `<lora:…>`: name, weight in the text encoder, weight in the denoiser. A name may be a path.
    ///
    /// # Errors
    /// [`PromptError::Weight`].
    pub fn from_argument(text: &str) -> Result<Self, PromptError> {
        lora("lora", text)
    }
}

/// The prompt without what stands in angle brackets, and each `LoRA` that stood there: `<lora:name>`, `<lora:name:0.8>`,
/// `<lora:name:0.8:0.5>` (text encoder, then denoiser), `<lora:name:te=0.8:unet=0.5>`; `lyco` means the same. Angle brackets
/// without a word and a colon are text.
///
/// # Errors
/// [`PromptError::Weight`], [`PromptError::Kind`].
pub fn loras(prompt: &str) -> Result<(String, Vec<Lora>), PromptError> {
    let (mut text, mut found) = (String::new(), Vec::new());
    let mut rest = prompt;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        let inside = &rest[at + 1..];
        if let Some((kind, arguments, after)) = network(inside) {
            found.push(lora(kind, arguments)?);
            rest = after;
        } else {
            text.push('<');
            rest = inside;
        }
    }
    text.push_str(rest);
    Ok((text, found))
}

/// `kind:arguments>` and what follows.
fn network(text: &str) -> Option<(&str, &str, &str)> {
    let (kind, rest) = text.split_once(':')?;
    let (arguments, after) = rest.split_once('>')?;
    let is_word = !kind.is_empty() && kind.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_word && !arguments.is_empty()).then_some((kind, arguments, after))
}

fn lora(kind: &str, arguments: &str) -> Result<Lora, PromptError> {
    let (named, placed): (Vec<&str>, Vec<&str>) = arguments.split(':').partition(|argument| argument.contains('='));
    let name = placed.first().copied().unwrap_or_default().trim().to_owned();
    if !matches!(kind, "lora" | "lyco") {
        return Err(PromptError::Kind { kind: kind.to_owned(), name });
    }
    let number = |text: Option<&str>| {
        let weight = text.map(|text| text.trim().parse::<f32>().ok().filter(|weight| weight.is_finite()).ok_or(text));
        weight.transpose().map_err(|weight| PromptError::Weight {
            kind: kind.to_owned(),
            name: name.clone(),
            weight: weight.to_owned(),
        })
    };
    let by_name = |key: &str| named.iter().find_map(|argument| argument.strip_prefix(key)?.strip_prefix('='));
    let text_weight = number(by_name("te").or(placed.get(1).copied()))?.unwrap_or(1.0);
    let network_weight = number(by_name("unet").or(placed.get(2).copied()))?.unwrap_or(text_weight);
    Ok(Lora { name, text_weight, network_weight })
}
