//! The text half: one line per layer.

use std::collections::BTreeMap;

use crate::containers::ncnn::NAME;
use crate::containers::{Limits, ParseError};

/// First line of every text `.param`.
const MAGIC: &str = "7767517";
/// Arrays have the key −23300 − id.
const ARRAY_KEY: i64 = -23300;

/// One layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// E.g. `"Convolution"`.
    pub kind: String,
    /// Unique name.
    pub name: String,
    /// Names of blobs.
    pub inputs: Vec<String>,
    /// Names of blobs.
    pub outputs: Vec<String>,
    /// By the layer's own numbering.
    pub params: BTreeMap<i64, ParamValue>,
}

/// Value of a parameter.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ParamValue {
    /// A whole number.
    Int(i64),
    /// A number with a point or an exponent.
    Float(f32),
    /// Several numbers.
    Array(Vec<f32>),
    /// Anything else.
    Text(String),
}

impl Layer {
    /// A whole-number parameter, or `default` where the layer does not state it.
    ///
    /// # Errors
    /// [`ParseError::Malformed`] if it is something else or negative.
    pub fn size(&self, id: i64, default: usize) -> Result<usize, ParseError> {
        match self.params.get(&id) {
            None => Ok(default),
            Some(&ParamValue::Int(value)) if value >= 0 => Ok(value as usize),
            Some(other) => {
                let what = format!("parameter {id} of {} {:?} is {other:?}, not a size", self.kind, self.name);
                Err(ParseError::malformed(NAME, what))
            }
        }
    }
}

/// Reads a whole `.param`.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Layer>, ParseError> {
    limits.check_header(bytes.len() as u64)?;
    let text = std::str::from_utf8(bytes).map_err(|_| ParseError::malformed(NAME, ".param is not UTF-8 text"))?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match lines.next() {
        Some(MAGIC) => {}
        other => {
            return Err(ParseError::malformed(NAME, format!(".param starts with {:?}, not {MAGIC}", short(other))));
        }
    }
    let counts = lines.next().unwrap_or_default();
    let stated = counts.split_whitespace().next().and_then(|count| count.parse::<usize>().ok());
    let stated = stated.ok_or_else(|| ParseError::malformed(NAME, "the number of layers is missing"))?;
    limits.check_tensors(stated)?;
    let layers = lines.map(|line| layer(line, limits)).collect::<Result<Vec<_>, _>>()?;
    if layers.len() == stated {
        return Ok(layers);
    }
    Err(ParseError::malformed(NAME, format!(".param states {stated} layers and has {}", layers.len())))
}

/// `kind name inputs outputs input… output… id=value…`.
fn layer(line: &str, limits: &Limits) -> Result<Layer, ParseError> {
    let broken = || ParseError::malformed(NAME, format!("layer line {:?}", short(Some(line))));
    let mut words = line.split_whitespace();
    let mut word = || words.next().ok_or_else(broken);
    let (kind, name) = (word()?.to_owned(), word()?.to_owned());
    limits.check_name(&kind)?;
    limits.check_name(&name)?;
    let inputs: usize = word()?.parse().map_err(|_| broken())?;
    let outputs: usize = word()?.parse().map_err(|_| broken())?;
    // Collecting stops at the end of the line, whatever the counts say.
    let inputs = (0..inputs).map(|_| word().map(str::to_owned)).collect::<Result<_, _>>()?;
    let outputs = (0..outputs).map(|_| word().map(str::to_owned)).collect::<Result<_, _>>()?;
    let params = words.map(|word| param(word).ok_or_else(broken)).collect::<Result<_, _>>()?;
    Ok(Layer { kind, name, inputs, outputs, params })
}

fn param(word: &str) -> Option<(i64, ParamValue)> {
    let (id, value) = word.split_once('=')?;
    let id: i64 = id.parse().ok()?;
    if id > ARRAY_KEY {
        return Some((id, scalar(value)));
    }
    // `count,value,value,…`
    let (count, values) = value.split_once(',').unwrap_or((value, ""));
    let count: usize = count.parse().ok()?;
    let values = values.split(',').filter(|part| !part.is_empty()).map(|part| part.trim().parse::<f32>());
    let values = values.collect::<Result<Vec<_>, _>>().ok()?;
    (values.len() == count).then_some((ARRAY_KEY.checked_sub(id)?, ParamValue::Array(values)))
}

fn scalar(value: &str) -> ParamValue {
    if let Ok(value) = value.parse() {
        return ParamValue::Int(value);
    }
    value.parse().map_or_else(|_| ParamValue::Text(value.to_owned()), ParamValue::Float)
}

fn short(line: Option<&str>) -> String {
    line.unwrap_or_default().chars().take(60).collect()
}
