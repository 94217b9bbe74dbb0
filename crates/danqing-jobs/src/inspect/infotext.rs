//! A1111's infotext, read and written.
//!
//! Rules of AUTOMATIC1111/stable-diffusion-webui `modules/infotext_utils.py` (reading, quoting) and `create_infotext` of
//! `modules/processing.py` (order of the pairs): the prompt, `Negative prompt: …`, and a last line of `Name: value` pairs.

use std::collections::BTreeMap;

use danqing_pipelines::sampling::{Schedule, label_of_sampler, label_of_schedule, sampler_and_schedule};
use serde_json::{Map, Value};

use super::Generation;
use crate::Recipe;

/// Names of pairs that [`Infotext::generation`] has words for, or that say nothing about the result.
const READ: [&str; 14] = [
    "Steps",
    "Sampler",
    "Schedule type",
    "CFG scale",
    "Seed",
    "Size",
    "Model",
    "Model hash",
    "Denoising strength",
    "Clip skip",
    "RNG",
    "Version",
    "User",
    "Created Date",
];
/// Fewer pairs are no settings but the last line of the prompt.
const FEWEST_PAIRS: usize = 3;

/// An infotext taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Infotext {
    /// What was wanted.
    pub prompt: String,
    /// What was not wanted.
    pub negative_prompt: String,
    /// Names and values of the last line, in order, values without their quotes.
    pub pairs: Vec<(String, String)>,
}

impl Infotext {
    /// Takes any text apart; one without settings is all prompt.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut lines: Vec<&str> = text.trim().lines().collect();
        let mut pairs = lines.last().map_or_else(Vec::new, |last| pairs_of(last));
        if pairs.len() < FEWEST_PAIRS {
            pairs.clear();
        } else {
            lines.pop();
        }
        let (mut prompt, mut negative, mut is_negative) = (Vec::new(), Vec::new(), false);
        for line in lines.into_iter().map(str::trim) {
            let after = line.strip_prefix("Negative prompt:");
            is_negative |= after.is_some();
            let part = after.map_or(line, str::trim);
            if is_negative { &mut negative } else { &mut prompt }.push(part);
        }
        Self { prompt: prompt.join("\n"), negative_prompt: negative.join("\n"), pairs }
    }

    /// The value of a name; the last one, if it stands there twice.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rfind(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// In danqing's words.
    #[must_use]
    pub fn generation(&self) -> Generation {
        let size = self.get("Size").and_then(size_of);
        // Hires fix writes a denoising strength too, of its second pass.
        let started_from_picture = !self.pairs.iter().any(|(name, _)| name.starts_with("Hires "));
        let strength = self.number::<f64>("Denoising strength");
        let mut others: BTreeMap<_, _> =
            self.pairs.iter().filter(|(name, _)| !READ.contains(&name.as_str())).cloned().collect();
        if let Some(strength) = strength.filter(|_| !started_from_picture) {
            others.insert("Denoising strength".to_owned(), strength.to_string());
        }
        Generation {
            prompt: self.prompt.clone(),
            negative_prompt: self.negative_prompt.clone(),
            steps: self.number("Steps"),
            sampler: self.get("Sampler").map(str::to_owned),
            schedule: self.get("Schedule type").map(str::to_owned),
            guidance: self.number("CFG scale"),
            seed: self.number("Seed"),
            noise_order: Some(if self.get("RNG") == Some("CPU") { "cpu" } else { "nv" }),
            width: size.map(|size| size.0),
            height: size.map(|size| size.1),
            strength: strength.filter(|_| started_from_picture),
            clip_skip: self.number("Clip skip"),
            model: self.get("Model").map(str::to_owned),
            model_hash: self.get("Model hash").map(str::to_owned),
            others,
        }
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.trim().parse().ok()
    }

    /// What A1111 answers as `parameters` for this text: every pair by its name, sizes taken apart, and what it assumes
    /// where nothing stands.
    #[must_use]
    pub fn parameters(&self) -> Map<String, Value> {
        let mut made = Map::new();
        let mut put = |name: &str, value: &str| made.insert(name.to_owned(), Value::from(value));
        put("Prompt", &self.prompt);
        put("Negative prompt", &self.negative_prompt);
        for (name, value) in &self.pairs {
            if let Some((width, height)) = size_of(value) {
                put(&format!("{name}-1"), &width.to_string());
                put(&format!("{name}-2"), &height.to_string());
            } else {
                put(name, value);
            }
        }
        for (name, value) in ASSUMED {
            made.entry(*name).or_insert_with(|| serde_json::from_str(value).unwrap_or_else(|_| Value::from(*value)));
        }
        made
    }

    /// The text of a picture that danqing made by sampling, of the size it has; none for other recipes.
    #[must_use]
    pub fn of_recipe(recipe: &Recipe, (width, height): (usize, usize)) -> Option<Self> {
        let text = |name: &str| recipe.params.get(name).and_then(Value::as_str);
        let number = |name: &str| recipe.params.get(name).and_then(Value::as_f64);
        let (prompt, sampler) = (text("prompt")?, text("sampler")?);
        let (sampler, schedule) = sampler_and_schedule(sampler, text("schedule")).ok()?;
        // What the sampler does by itself has no name of its own in A1111.
        let is_usual = matches!(schedule, Schedule::Leading | Schedule::Lcm) && schedule == sampler.usual_schedule();
        let schedule = if is_usual { Schedule::Automatic } else { schedule };
        let first = recipe.params.get("seed").and_then(Value::as_u64)?;
        let model = text("model")
            .map(std::path::Path::new)
            .and_then(|path| path.file_stem())
            .map(|stem| stem.to_string_lossy());
        let is_variation = recipe.inputs.values().any(|records| !records.is_empty());
        let pairs = [
            ("Steps", number("steps").map(|n| n.to_string())),
            ("Sampler", Some(label_of_sampler(sampler).to_owned())),
            ("Schedule type", Some(label_of_schedule(schedule).to_owned())),
            ("CFG scale", number("guidance").map(|n| n.to_string())),
            ("Seed", Some(first.wrapping_add(recipe.output.index as u64).to_string())),
            ("Size", Some(format!("{width}x{height}"))),
            ("Model hash", text("model_sha256").and_then(|hash| hash.get(..10)).map(str::to_owned)),
            ("Model", model.map(std::borrow::Cow::into_owned)),
            ("Denoising strength", number("strength").filter(|_| is_variation).map(|n| n.to_string())),
            ("Clip skip", number("clip_skip").filter(|&n| n > 1.0).map(|n| n.to_string())),
            ("Eta", number("eta").map(|n| n.to_string())),
            ("RNG", text("noise_order").map(str::to_uppercase)),
            ("Version", Some(format!("danqing {}", recipe.danqing))),
        ];
        let pairs = pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        let negative_prompt = text("negative_prompt").unwrap_or_default().to_owned();
        Some(Self { prompt: prompt.to_owned(), negative_prompt, pairs })
    }
}

/// What A1111 assumes of pairs that are not there.
const ASSUMED: &[(&str, &str)] = &[
    ("Clip skip", "\"1\""),
    ("Hires resize-1", "0"),
    ("Hires resize-2", "0"),
    ("Hires sampler", "Use same sampler"),
    ("Hires checkpoint", "Use same checkpoint"),
    ("Hires prompt", ""),
    ("Hires negative prompt", ""),
    ("Mask mode", "Inpaint masked"),
    ("Masked content", "original"),
    ("Inpaint area", "Whole picture"),
    ("Masked area padding", "32"),
    ("RNG", "GPU"),
    ("Schedule type", "Automatic"),
    ("Schedule max sigma", "0"),
    ("Schedule min sigma", "0"),
    ("Schedule rho", "0"),
    ("VAE Encoder", "Full"),
    ("VAE Decoder", "Full"),
    ("FP8 weight", "Disable"),
];

impl std::fmt::Display for Infotext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.prompt)?;
        if !self.negative_prompt.is_empty() {
            write!(f, "\nNegative prompt: {}", self.negative_prompt)?;
        }
        let pairs: Vec<_> = self.pairs.iter().map(|(name, value)| format!("{name}: {}", quoted(value))).collect();
        write!(f, "\n{}", pairs.join(", "))
    }
}

/// In quotes where a comma, a colon or a line break would end the value early, or a quote begin another one.
fn quoted(value: &str) -> String {
    if value.contains([',', ':', '\n', '"']) { Value::from(value).to_string() } else { value.to_owned() }
}

fn unquoted(value: &str) -> String {
    let is_quoted = value.len() > 1 && value.starts_with('"') && value.ends_with('"');
    let read = if is_quoted { serde_json::from_str(value).ok() } else { None };
    read.unwrap_or_else(|| value.to_owned())
}

fn size_of(value: &str) -> Option<(u64, u64)> {
    let (width, height) = value.split_once('x')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(width) && digits(height) { Some((width.parse().ok()?, height.parse().ok()?)) } else { None }
}

/// Every match of `\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)`, from left to right.
fn pairs_of(line: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let Some((name, after)) = name_at(rest.trim_start()) else {
            // No pair begins here: the search goes on one character later.
            let mut letters = rest.chars();
            letters.next();
            rest = letters.as_str();
            continue;
        };
        let (value, after) = value_at(after.trim_start());
        pairs.push((name.to_owned(), unquoted(value)));
        rest = after;
    }
    pairs
}

/// A name of two characters or more before a colon, and what stands behind it.
fn name_at(text: &str) -> Option<(&str, &str)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let length = text.find(|c: char| !(is_word(c) || matches!(c, ' ' | '-' | '/')))?;
    let (name, after) = text.split_at(length);
    let mut letters = name.chars();
    let fits = letters.next().is_some_and(is_word) && letters.next().is_some();
    if fits { Some((name, after.strip_prefix(':')?)) } else { None }
}

/// The value, and what stands behind its comma.
fn value_at(text: &str) -> (&str, &str) {
    let end = closing_quote(text).filter(|&end| matches!(text.as_bytes().get(end), None | Some(b',')));
    let end = end.or_else(|| text.find(',')).unwrap_or(text.len());
    (&text[..end], text.get(end + 1..).unwrap_or(""))
}

/// Where a string in quotes ends that begins here and is not empty.
fn closing_quote(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('"')?;
    let mut is_escaped = false;
    for (at, letter) in inside.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return (at > 0).then_some(at + 2),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(line: &str) -> Vec<(String, String)> {
        pairs_of(line)
    }

    /// The values are those of Python's `re.findall` with A1111's expression, `unquote` applied.
    #[test]
    fn pairs_are_found_as_the_expression_finds_them() {
        let table: &[(&str, &[(&str, &str)])] = &[
            (
                "Steps: 20, Sampler: Euler a, CFG scale: 7",
                &[("Steps", "20"), ("Sampler", "Euler a"), ("CFG scale", "7")],
            ),
            (r#"A b: "x, y: \"z\"", C1: , D2:e"#, &[("A b", "x, y: \"z\""), ("C1", ""), ("D2", "e")]),
            (r#"A1: "open, B2: 1"#, &[("A1", "\"open"), ("B2", "1")]),
            (r#"A1: "ab"c, B2: """#, &[("A1", "\"ab\"c"), ("B2", "")]),
            ("x: 1, ab: 2", &[("ab", "2")]),
            ("no pairs here", &[]),
            ("ControlNet 0: \"Module: canny, Model: None\"", &[("ControlNet 0", "Module: canny, Model: None")]),
            ("步数: 20, 3/4-b: c", &[("步数", "20"), ("3/4-b", "c")]),
            ("(word:1.2), Steps: 9", &[("word", "1.2)"), ("Steps", "9")]),
        ];
        for (line, expected) in table {
            let expected: Vec<_> = expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            assert_eq!(pairs(line), expected, "{line}");
        }
    }

    #[test]
    fn a_last_line_with_fewer_than_three_pairs_belongs_to_the_prompt() {
        let read = Infotext::parse("a cat\nStyle: oil, Mood: calm");
        assert_eq!((read.prompt.as_str(), read.pairs.len()), ("a cat\nStyle: oil, Mood: calm", 0));
        let read = Infotext::parse(" two\nlines \nNegative prompt: bad\nworse\nSteps: 1, Seed: 2, Size: 8x16");
        assert_eq!((read.prompt.as_str(), read.negative_prompt.as_str()), ("two\nlines", "bad\nworse"));
        let parameters = read.parameters();
        assert_eq!((&parameters["Size-1"], &parameters["Size-2"]), (&Value::from("8"), &Value::from("16")));
        assert_eq!((&parameters["Clip skip"], &parameters["Hires resize-1"]), (&Value::from("1"), &Value::from(0)));
        assert_eq!(Infotext::parse("").parameters()["Prompt"], "");
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_again(
            prompt in "[a-zé江, (]{0,12}", negative in "[a-z:, 雪]{0,8}", values in proptest::collection::vec("[a-z0-9,:\"\\\\ 江]{1,9}", 3..6)
        ) {
            let pairs = values.iter().enumerate().map(|(n, v)| (format!("Name {n}"), v.trim().to_owned()));
            let pairs: Vec<_> = pairs.filter(|(_, value)| unquoted(value) == *value).collect();
            proptest::prop_assume!(pairs.len() >= FEWEST_PAIRS);
            let (prompt, negative_prompt) = (prompt.trim().to_owned(), negative.trim().to_owned());
            let written = Infotext { prompt, negative_prompt, pairs };
            proptest::prop_assert_eq!(Infotext::parse(&written.to_string()), written);
        }
    }
}
