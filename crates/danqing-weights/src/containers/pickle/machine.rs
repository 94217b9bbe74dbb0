//! The stack machine. Every opcode takes at least one byte and makes at most one object, so memory is bounded by the
//! pickle's length, which the caller bounds.

use crate::containers::pickle::opcode::{Reader, refused_name};
use crate::containers::pickle::{Call, Global, NAME, Object, Pickled, Value};
use crate::containers::{Limits, ParseError};

/// Reads one pickle from the start of `bytes`; what follows it is left alone.
///
/// # Errors
/// [`ParseError::ForbiddenGlobal`] for a global outside the list, [`ParseError::Unsupported`] for an opcode outside it.
pub(crate) fn unpickle(bytes: &[u8], limits: &Limits) -> Result<Pickled, ParseError> {
    let mut machine = Machine::new(bytes);
    for done in 0.. {
        limits.check_opcodes(done)?;
        match machine.reader.byte()? {
            b'.' => break,
            opcode => machine.step(opcode)?,
        }
    }
    let root = machine.pop()?;
    Ok(Pickled { objects: machine.objects, root, length: machine.reader.position })
}

struct Machine<'a> {
    reader: Reader<'a>,
    stack: Vec<Value>,
    /// Heights of the stack at each open MARK.
    marks: Vec<usize>,
    memo: std::collections::HashMap<u32, Value>,
    objects: Vec<Object>,
    /// Parts copied from one object to another so far: what shares memory on paper must not take it here.
    copied: usize,
}

/// Most arguments of an allowed global.
const ARGUMENTS: usize = 8;

impl<'a> Machine<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let (stack, marks, memo, objects) = Default::default();
        Self { reader: Reader::new(bytes), stack, marks, memo, objects, copied: 0 }
    }

    /// Opcodes by what they do; names as in pickletools.
    fn step(&mut self, opcode: u8) -> Result<(), ParseError> {
        match opcode {
            0x80 => self.protocol(),
            0x95 => self.reader.skip(8).map(drop),
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'J' | b'K' | b'M' | 0x8a | 0x8b | b'G' => self.number(opcode),
            b'X' | 0x8c | 0x8d | b'U' | b'T' => self.text(opcode),
            b'B' | b'C' | 0x8e => self.bytes(opcode),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b')' | 0x85 | 0x86 | 0x87 | b't' => self.tuple(opcode),
            b']' => self.make(Object::List(Vec::new())),
            b'}' => self.make(Object::Dict(Vec::new())),
            b'a' | b'e' => self.append(opcode),
            b's' | b'u' => self.set_items(opcode),
            b'q' | b'r' | 0x94 => self.put(opcode),
            b'h' | b'j' => self.get(opcode),
            b'0' => self.pop().map(drop),
            b'1' => self.pop_mark().map(drop),
            b'2' => self.top().and_then(|value| self.push(value)),
            b'c' | 0x93 => self.global(opcode),
            b'R' => self.reduce(),
            b'b' => self.build(),
            b'Q' => {
                let id = self.pop()?;
                self.make(Object::Persistent(id))
            }
            _ => Err(ParseError::unsupported(NAME, refused_name(opcode))),
        }
    }

    fn protocol(&mut self) -> Result<(), ParseError> {
        match self.reader.byte()? {
            2..=5 => Ok(()),
            other => Err(ParseError::unsupported(NAME, format!("protocol {other}"))),
        }
    }

    fn number(&mut self, opcode: u8) -> Result<(), ParseError> {
        let value = match opcode {
            b'J' => Value::Int(i32::from_le_bytes(self.reader.array()?).into()),
            b'K' => Value::Int(self.reader.byte()?.into()),
            b'M' => Value::Int(u16::from_le_bytes(self.reader.array()?).into()),
            b'G' => Value::Float(f64::from_be_bytes(self.reader.array()?)),
            0x8a => {
                let length = self.reader.byte()?;
                return self.long(length.into());
            }
            _ => {
                let length = u32::from_le_bytes(self.reader.array()?);
                return self.long(length.into());
            }
        };
        self.push(value)
    }

    /// Little-endian two's complement; more than 8 bytes stay bytes.
    fn long(&mut self, length: u64) -> Result<(), ParseError> {
        let place = self.reader.skip(length)?;
        let digits = self.reader.slice(place.clone());
        if digits.len() > 8 {
            return self.make(Object::Bytes(place));
        }
        let sign = if digits.last().is_some_and(|&byte| byte >= 0x80) { 0xff } else { 0 };
        let mut wide = [sign; 8];
        wide[..digits.len()].copy_from_slice(digits);
        self.push(Value::Int(i64::from_le_bytes(wide)))
    }

    fn text(&mut self, opcode: u8) -> Result<(), ParseError> {
        let length = match opcode {
            0x8c | b'U' => u64::from(self.reader.byte()?),
            0x8d => u64::from_le_bytes(self.reader.array()?),
            _ => u64::from(u32::from_le_bytes(self.reader.array()?)),
        };
        let text = self.reader.text(length)?;
        self.make(Object::Text(text))
    }

    fn bytes(&mut self, opcode: u8) -> Result<(), ParseError> {
        let length = match opcode {
            b'C' => u64::from(self.reader.byte()?),
            b'B' => u64::from(u32::from_le_bytes(self.reader.array()?)),
            _ => u64::from_le_bytes(self.reader.array()?),
        };
        let place = self.reader.skip(length)?;
        self.make(Object::Bytes(place))
    }

    fn tuple(&mut self, opcode: u8) -> Result<(), ParseError> {
        let parts = match opcode {
            b')' => Vec::new(),
            b't' => self.pop_mark()?,
            _ => self.pop_many(usize::from(opcode - 0x84))?,
        };
        self.make(Object::Tuple(parts))
    }

    fn append(&mut self, opcode: u8) -> Result<(), ParseError> {
        let mut added = if opcode == b'a' { self.pop_many(1)? } else { self.pop_mark()? };
        match self.top_object()? {
            Object::List(parts) => parts.append(&mut added),
            other => return Err(wrong("APPEND on", other)),
        }
        Ok(())
    }

    fn set_items(&mut self, opcode: u8) -> Result<(), ParseError> {
        let added = if opcode == b's' { self.pop_many(2)? } else { self.pop_mark()? };
        let (pairs, rest) = added.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(ParseError::malformed(NAME, "a key without a value"));
        }
        match self.top_object()? {
            Object::Dict(entries) => entries.extend(pairs.iter().map(|&[key, value]| (key, value))),
            other => return Err(wrong("SETITEM on", other)),
        }
        Ok(())
    }

    fn put(&mut self, opcode: u8) -> Result<(), ParseError> {
        let key = match opcode {
            b'q' => u32::from(self.reader.byte()?),
            b'r' => u32::from_le_bytes(self.reader.array()?),
            _ => self.memo.len() as u32,
        };
        let value = self.top()?;
        self.memo.insert(key, value);
        Ok(())
    }

    fn get(&mut self, opcode: u8) -> Result<(), ParseError> {
        let key = match opcode {
            b'h' => u32::from(self.reader.byte()?),
            _ => u32::from_le_bytes(self.reader.array()?),
        };
        match self.memo.get(&key) {
            Some(&value) => self.push(value),
            None => Err(ParseError::malformed(NAME, format!("memo {key} was never stored"))),
        }
    }

    fn global(&mut self, opcode: u8) -> Result<(), ParseError> {
        let global = if opcode == b'c' {
            let (module, name) = (self.reader.line()?, self.reader.line()?);
            Global::find(module, name)?
        } else {
            let parts = self.pop_many(2)?;
            let text = |value| match value {
                Value::Object(index) => match self.objects.get(index) {
                    Some(Object::Text(text)) => Ok(text.as_str()),
                    _ => Err(ParseError::malformed(NAME, "STACK_GLOBAL without names")),
                },
                _ => Err(ParseError::malformed(NAME, "STACK_GLOBAL without names")),
            };
            Global::find(text(parts[0])?, text(parts[1])?)?
        };
        self.push(Value::Global(global))
    }

    /// Writes down that a global was applied to arguments; an `OrderedDict` and a `Size` are data already.
    fn reduce(&mut self) -> Result<(), ParseError> {
        let parts = self.pop_many(2)?;
        let Value::Global(global) = parts[0] else {
            return Err(ParseError::malformed(NAME, format!("REDUCE calls {:?}, which is no global", parts[0])));
        };
        let arguments = self.copy_parts(parts[1], ARGUMENTS)?;
        match (global, arguments.as_slice()) {
            (Global::OrderedDict, []) => self.make(Object::Dict(Vec::new())),
            (Global::OrderedDict, &[pairs]) => self.ordered_dict(pairs),
            (Global::Size, &[sizes]) => self.push(sizes),
            (Global::Bytes, []) => self.make(Object::Bytes(0..0)),
            _ => self.make(Object::Call(Call { global, arguments, state: None })),
        }
    }

    /// `OrderedDict([[key, value], …])`, as Python 2 wrote it.
    fn ordered_dict(&mut self, pairs: Value) -> Result<(), ParseError> {
        let mut entries = Vec::new();
        for pair in self.copy_parts(pairs, usize::MAX)? {
            match self.copy_parts(pair, 2)?.as_slice() {
                &[key, value] => entries.push((key, value)),
                other => {
                    return Err(ParseError::malformed(NAME, format!("an entry of {} parts", other.len())));
                }
            }
        }
        self.make(Object::Dict(entries))
    }

    /// State of a dict (`_metadata` of modules) is dropped, that of a numpy record kept, any other refused.
    fn build(&mut self) -> Result<(), ParseError> {
        let state = self.pop()?;
        match self.top_object()? {
            Object::Dict(_) => Ok(()),
            Object::Call(call) if matches!(call.global, Global::NumpyReconstruct | Global::NumpyDtype) => {
                call.state = Some(state);
                Ok(())
            }
            other => Err(wrong("BUILD on", other)),
        }
    }

    fn copy_parts(&mut self, value: Value, most: usize) -> Result<Vec<Value>, ParseError> {
        let parts = match value {
            Value::Object(index) => match self.objects.get(index) {
                Some(Object::Tuple(parts) | Object::List(parts)) => parts,
                _ => return Err(ParseError::malformed(NAME, "arguments are no tuple")),
            },
            _ => return Err(ParseError::malformed(NAME, "arguments are no tuple")),
        };
        self.copied += parts.len();
        if parts.len() > most || self.copied > self.reader.length() {
            return Err(ParseError::malformed(NAME, format!("{} arguments", parts.len())));
        }
        Ok(parts.clone())
    }

    // One shape for every arm of `step`.
    #[allow(clippy::unnecessary_wraps)]
    fn push(&mut self, value: Value) -> Result<(), ParseError> {
        self.stack.push(value);
        Ok(())
    }

    fn make(&mut self, object: Object) -> Result<(), ParseError> {
        self.objects.push(object);
        self.push(Value::Object(self.objects.len() - 1))
    }

    /// Values above the last open MARK only: a MARK is never crossed.
    fn available(&self) -> usize {
        self.stack.len() - self.marks.last().copied().unwrap_or(0).min(self.stack.len())
    }

    fn pop(&mut self) -> Result<Value, ParseError> {
        match self.available() {
            0 => Err(empty()),
            _ => self.stack.pop().ok_or_else(empty),
        }
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Value>, ParseError> {
        if self.available() < count {
            return Err(empty());
        }
        Ok(self.stack.split_off(self.stack.len() - count))
    }

    fn pop_mark(&mut self) -> Result<Vec<Value>, ParseError> {
        let mark = self.marks.pop().ok_or_else(empty)?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn top(&self) -> Result<Value, ParseError> {
        if self.available() == 0 { Err(empty()) } else { self.stack.last().copied().ok_or_else(empty) }
    }

    fn top_object(&mut self) -> Result<&mut Object, ParseError> {
        match self.top()? {
            Value::Object(index) => self.objects.get_mut(index).ok_or_else(empty),
            other => Err(ParseError::malformed(NAME, format!("{other:?} can't be filled"))),
        }
    }
}

fn empty() -> ParseError {
    ParseError::malformed(NAME, "the stack is empty")
}

fn wrong(what: &str, object: &Object) -> ParseError {
    let kind = match object {
        Object::Text(_) => "a text",
        Object::Bytes(_) => "bytes",
        Object::Tuple(_) => "a tuple",
        Object::List(_) => "a list",
        Object::Dict(_) => "a dictionary",
        Object::Call(_) => "a built value",
        Object::Persistent(_) => "a storage",
    };
    ParseError::malformed(NAME, format!("{what} {kind}"))
}
