//! ONNX models: initialisers, constants and the list of nodes that says what each weight is for. Nothing is run.
//!
//! Source: onnx/onnx, onnx/onnx.proto3 (IR version 3 to 13); message and field numbers are named where they are read.

mod graph;
mod tensor;
mod wire;

pub use graph::{Attribute, AttributeValue, Graph, Node};

use crate::containers::limits::Budget;
use crate::containers::{Limits, ParseError};
use crate::{TensorEntry, TensorFile};

pub(crate) const NAME: &str = "onnx";

/// A model file.
#[derive(Clone, Debug)]
pub struct Model {
    /// Version of the file format.
    pub ir_version: i64,
    /// Version of the default operator set.
    pub opset: i64,
    /// What wrote it, e.g. `"pytorch"`.
    pub producer: String,
    /// Nodes in order, inputs and outputs.
    pub graph: Graph,
    /// Initialisers under their names, `Constant` nodes under the name of their output, other tensor attributes as
    /// `<node's first output>.<attribute>`. Names inside a subgraph are prefixed: see [`AttributeValue::Graph`].
    pub tensors: TensorFile,
}

impl Model {
    /// The tensors alone.
    #[must_use]
    pub fn into_tensors(self) -> TensorFile {
        self.tensors
    }
}

/// What parsing carries along.
pub(crate) struct Context<'a> {
    file: &'a [u8],
    limits: &'a Limits,
    budget: Budget,
    tensors: Vec<TensorEntry>,
    nodes: usize,
}

/// Reads a whole file.
///
/// # Errors
/// [`ParseError`]; tensor data in other files is unsupported.
pub fn read(bytes: Vec<u8>, limits: &Limits) -> Result<Model, ParseError> {
    limits.check_file(bytes.len() as u64)?;
    let budget = Budget::new(limits, bytes.len());
    let mut context = Context { file: &bytes, limits, budget, tensors: Vec::new(), nodes: 0 };
    let header = header(&mut context)?;
    let graph = header.graph.ok_or_else(|| ParseError::malformed(NAME, "the file holds no graph"))?;
    let metadata = header.metadata.into_iter().collect();
    let tensors = std::mem::take(&mut context.tensors);
    let tensors = TensorFile::new(bytes, tensors, metadata)?;
    Ok(Model { ir_version: header.ir_version, opset: header.opset, producer: header.producer, graph, tensors })
}

#[derive(Default)]
struct Header {
    ir_version: i64,
    opset: i64,
    producer: String,
    graph: Option<Graph>,
    metadata: Vec<(String, String)>,
}

/// `ModelProto`.
fn header(context: &mut Context<'_>) -> Result<Header, ParseError> {
    let mut header = Header::default();
    let file = context.file;
    let mut fields = wire::Fields::new(file, 0..file.len());
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => header.ir_version = wire::integer(&value)?,
            2 => header.producer = wire::text(file, &value, context.limits.name_bytes)?,
            7 if header.graph.is_some() => return Err(ParseError::malformed(NAME, "the file holds two graphs")),
            7 => header.graph = Some(graph::read(context, wire::bytes(&value)?, "", 0)?),
            8 => {
                let (domain, version) = pair(context, &value)?;
                if domain.is_empty() || domain == "ai.onnx" {
                    header.opset = version;
                }
            }
            14 => header.metadata.push(texts(context, &value)?),
            _ => {}
        }
    }
    Ok(header)
}

/// `OperatorSetIdProto`: domain and version.
fn pair(context: &Context<'_>, value: &wire::Value) -> Result<(String, i64), ParseError> {
    let (mut domain, mut version) = (String::new(), 0);
    let mut fields = wire::Fields::new(context.file, wire::bytes(value)?);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => domain = wire::text(context.file, &value, context.limits.name_bytes)?,
            2 => version = wire::integer(&value)?,
            _ => {}
        }
    }
    Ok((domain, version))
}

/// `StringStringEntryProto`: key and value.
fn texts(context: &Context<'_>, value: &wire::Value) -> Result<(String, String), ParseError> {
    let mut entry = (String::new(), String::new());
    let mut fields = wire::Fields::new(context.file, wire::bytes(value)?);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => entry.0 = wire::text(context.file, &value, context.limits.name_bytes)?,
            2 => entry.1 = wire::text(context.file, &value, context.limits.header_bytes)?,
            _ => {}
        }
    }
    Ok(entry)
}
