//! `GraphProto`, `NodeProto` and `AttributeProto`.

use std::ops::Range;

use crate::containers::ParseError;
use crate::containers::onnx::wire::{self, Fields, Value};
use crate::containers::onnx::{Context, NAME, tensor};

/// Nodes in the order of the file, which is a topological order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// What the model computes, step by step.
    pub nodes: Vec<Node>,
    /// Names of the inputs (older files list initialisers here too).
    pub inputs: Vec<String>,
    /// Names of the outputs.
    pub outputs: Vec<String>,
}

/// One operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Name of the node; may be empty.
    pub name: String,
    /// E.g. `"Conv"`.
    pub op_type: String,
    /// Empty for the standard operators.
    pub domain: String,
    /// Names of values; an empty one is an omitted optional input.
    pub inputs: Vec<String>,
    /// Names of values.
    pub outputs: Vec<String>,
    /// Strides, pads, groups, constants.
    pub attributes: Vec<Attribute>,
}

impl Node {
    /// The attribute of that name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&AttributeValue> {
        self.attributes.iter().find(|attribute| attribute.name == name).map(|attribute| &attribute.value)
    }
}

/// A named setting of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// E.g. `"strides"`.
    pub name: String,
    /// Its value.
    pub value: AttributeValue,
}

/// Value of an attribute.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AttributeValue {
    /// A number.
    Float(f32),
    /// A whole number.
    Int(i64),
    /// A text (or bytes, shown with replacement characters).
    Text(String),
    /// Name under which the tensor is in [`super::Model::tensors`].
    Tensor(String),
    /// A branch or loop body. Its tensors are named `<node's first output>.<attribute>/<own name>`.
    Graph(Box<Graph>),
    /// Numbers.
    Floats(Vec<f32>),
    /// Whole numbers.
    Ints(Vec<i64>),
    /// Texts.
    Texts(Vec<String>),
    /// A kind that holds no weights this reader gives (tensors of texts, types, sparse tensors).
    Other,
}

/// `GraphProto`. Tensors go to the context under `prefix`.
pub(super) fn read(
    context: &mut Context<'_>,
    place: Range<usize>,
    prefix: &str,
    depth: usize,
) -> Result<Graph, ParseError> {
    context.limits.check_nesting(depth)?;
    let mut graph = Graph::default();
    let mut fields = Fields::new(context.file, place);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => graph.nodes.push(node(context, wire::bytes(&value)?, prefix, depth)?),
            5 => {
                push_tensor(context, wire::bytes(&value)?, |own| format!("{prefix}{own}"))?;
            }
            11 => graph.inputs.push(value_name(context, wire::bytes(&value)?)?),
            12 => graph.outputs.push(value_name(context, wire::bytes(&value)?)?),
            15 => return Err(ParseError::unsupported(NAME, "a sparse initialiser")),
            _ => {}
        }
    }
    Ok(graph)
}

/// Stores a tensor under the name that `rename` makes of its own; `None` for tensors of texts.
fn push_tensor(
    context: &mut Context<'_>,
    place: Range<usize>,
    rename: impl FnOnce(&str) -> String,
) -> Result<Option<String>, ParseError> {
    context.limits.check_tensors(context.tensors.len() + 1)?;
    let Some(mut entry) = tensor::read(context.file, place, context.limits, &mut context.budget)? else {
        return Ok(None);
    };
    entry.name = rename(&entry.name);
    context.limits.check_name(&entry.name)?;
    let name = entry.name.clone();
    context.tensors.push(entry);
    Ok(Some(name))
}

/// `ValueInfoProto`: only the name.
fn value_name(context: &Context<'_>, place: Range<usize>) -> Result<String, ParseError> {
    let mut fields = Fields::new(context.file, place);
    let mut name = String::new();
    while let Some((number, value)) = fields.next()? {
        if number == 1 {
            name = wire::text(context.file, &value, context.limits.name_bytes)?;
        }
    }
    Ok(name)
}

/// `NodeProto`.
fn node(context: &mut Context<'_>, place: Range<usize>, prefix: &str, depth: usize) -> Result<Node, ParseError> {
    context.nodes += 1;
    context.limits.check_tensors(context.nodes)?;
    let mut node = Node::default();
    let mut attributes = Vec::new();
    let mut fields = Fields::new(context.file, place);
    let limit = context.limits.name_bytes;
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => node.inputs.push(wire::text(context.file, &value, limit)?),
            2 => node.outputs.push(wire::text(context.file, &value, limit)?),
            3 => node.name = wire::text(context.file, &value, limit)?,
            4 => node.op_type = wire::text(context.file, &value, limit)?,
            5 => attributes.push(wire::bytes(&value)?),
            7 => node.domain = wire::text(context.file, &value, limit)?,
            _ => {}
        }
    }
    // After the outputs, which name the tensors of attributes.
    for place in attributes {
        let attribute = attribute(context, place, &node, prefix, depth)?;
        node.attributes.push(attribute);
    }
    Ok(node)
}

/// `AttributeProto`, before its kind is known.
#[derive(Default)]
struct RawAttribute {
    name: String,
    kind: i64,
    float: f32,
    int: i64,
    text: String,
    tensor: Option<Range<usize>>,
    graph: Option<Range<usize>>,
    floats: Vec<f32>,
    ints: Vec<i64>,
    texts: Vec<String>,
}

fn attribute(
    context: &mut Context<'_>,
    place: Range<usize>,
    node: &Node,
    prefix: &str,
    depth: usize,
) -> Result<Attribute, ParseError> {
    let mut raw = RawAttribute::default();
    let mut fields = Fields::new(context.file, place);
    while let Some((number, value)) = fields.next()? {
        raw_field(context, &mut raw, number, &value)?;
    }
    let output = node.outputs.first().map_or(node.name.as_str(), String::as_str);
    let owner = format!("{prefix}{output}");
    let value = match (raw.kind, raw.tensor, raw.graph) {
        (1, ..) => AttributeValue::Float(raw.float),
        (2, ..) => AttributeValue::Int(raw.int),
        (3, ..) => AttributeValue::Text(raw.text),
        (4, Some(place), _) => {
            let constant = node.op_type == "Constant" && raw.name == "value";
            let name = if constant { owner } else { format!("{owner}.{}", raw.name) };
            push_tensor(context, place, |_| name)?.map_or(AttributeValue::Other, AttributeValue::Tensor)
        }
        (5, _, Some(place)) => {
            let prefix = format!("{owner}.{}/", raw.name);
            AttributeValue::Graph(Box::new(read(context, place, &prefix, depth + 1)?))
        }
        (6, ..) => AttributeValue::Floats(raw.floats),
        (7, ..) => AttributeValue::Ints(raw.ints),
        (8, ..) => AttributeValue::Texts(raw.texts),
        _ => AttributeValue::Other,
    };
    Ok(Attribute { name: raw.name, value })
}

fn raw_field(context: &mut Context<'_>, raw: &mut RawAttribute, number: u32, value: &Value) -> Result<(), ParseError> {
    let lossy =
        |value: &Value| wire::bytes(value).map(|place| String::from_utf8_lossy(&context.file[place]).into_owned());
    match number {
        1 => raw.name = wire::text(context.file, value, context.limits.name_bytes)?,
        2 => raw.float = float(value)?,
        3 => raw.int = wire::integer(value)?,
        4 => raw.text = lossy(value)?,
        5 => raw.tensor = Some(wire::bytes(value)?),
        6 => raw.graph = Some(wire::bytes(value)?),
        7 => floats(context, &mut raw.floats, value)?,
        8 => ints(context, &mut raw.ints, value)?,
        9 => raw.texts.push(lossy(value)?),
        20 => raw.kind = wire::integer(value)?,
        _ => {}
    }
    Ok(())
}

fn float(value: &Value) -> Result<f32, ParseError> {
    match value {
        Value::Fixed32(bits) => Ok(f32::from_bits(*bits)),
        other => Err(ParseError::malformed(NAME, format!("expected a float, found {other:?}"))),
    }
}

fn floats(context: &mut Context<'_>, out: &mut Vec<f32>, value: &Value) -> Result<(), ParseError> {
    let Value::Bytes(place) = value else {
        out.push(float(value)?);
        return Ok(());
    };
    context.budget.take(place.len())?;
    let (numbers, rest) = context.file[place.clone()].as_chunks::<4>();
    if !rest.is_empty() {
        return Err(ParseError::malformed(NAME, format!("packed floats take {} bytes", place.len())));
    }
    out.extend(numbers.iter().map(|&bits| f32::from_le_bytes(bits)));
    Ok(())
}

fn ints(context: &mut Context<'_>, out: &mut Vec<i64>, value: &Value) -> Result<(), ParseError> {
    let Value::Bytes(place) = value else {
        out.push(wire::integer(value)?);
        return Ok(());
    };
    let mut packed = Fields::new(context.file, place.clone());
    while let Some(value) = packed.next_packed()? {
        context.budget.take(size_of::<i64>())?;
        out.push(value as i64);
    }
    Ok(())
}
