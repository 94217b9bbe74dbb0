//! Reading an entry's tensors, its sha256 checked on the very bytes that are parsed; and files of the user's.

use std::path::Path;

use crate::catalogue::LicenceClass;
use crate::containers::{Container, Limits, Opened, ParseError, onnx, parse, read_bounded};
use crate::fetch::FetchError;
use crate::sha256::Sha256Hex;
use crate::store::{ModelStore, StoreError};
use crate::tensor::TensorFile;

/// An entry's tensors and what a recipe says about them.
#[derive(Clone, Debug)]
pub struct Weights {
    /// Catalogue id.
    pub id: String,
    /// Named tensors.
    pub tensors: TensorFile,
    /// Nodes, where the file is an ONNX model: which initialiser belongs to which layer.
    pub graph: Option<onnx::Graph>,
    /// sha256 of the catalogue's file, also where the store keeps a converted one.
    pub sha256: Sha256Hex,
    /// For the recipe.
    pub licence_class: LicenceClass,
}

impl Weights {
    /// Of a file the user has, in any container; it is named by its path, and nothing is known about its licence. For
    /// ncnn either of the two files may be named; the sha256 is that of the `.bin`. As [`containers::read`] says, most tensors
    /// are read from the file when they are asked for; a file that changes after it was hashed is then refused.
    ///
    /// [`containers::read`]: crate::containers::read
    ///
    /// # Errors
    /// [`ParseError`].
    pub fn of_file(path: &Path) -> Result<Self, ParseError> {
        let limits = Limits::default();
        let opened = Opened::at(path, &limits)?;
        let sha256 = opened.sha256()?;
        let (tensors, graph) = opened.parse(&limits)?;
        let id = path.display().to_string();
        Ok(Self { id, tensors, graph, sha256, licence_class: LicenceClass::Unclear })
    }
}

impl ModelStore {
    /// Reads, checks and parses an entry's file.
    ///
    /// # Errors
    /// [`StoreError::Missing`] (its hint is the command that fetches it), [`StoreError::Damaged`],
    /// [`StoreError::Content`].
    pub fn open_tensors(&self, id: &str) -> Result<Weights, StoreError> {
        self.open_tensors_while(id, &mut || true)
    }

    /// [`Self::open_tensors`], given up soon after `goes_on` is false.
    ///
    /// # Errors
    /// Those of [`Self::open_tensors`]; [`FetchError::Cancelled`].
    pub fn open_tensors_while(&self, id: &str, goes_on: &mut dyn FnMut() -> bool) -> Result<Weights, StoreError> {
        let bytes = self.read_while(id, goes_on)?;
        let entry = self.catalogue().get(id)?;
        let limits = Limits::default();
        let content = |cause| StoreError::Content { id: id.to_owned(), cause };
        let (tensors, graph) = match Container::detect(&bytes, &entry.file).map_err(content)? {
            Container::Onnx => {
                let model = onnx::read(bytes, &limits).map_err(content)?;
                (model.tensors, Some(model.graph))
            }
            _ => (parse(bytes, &entry.file, &limits).map_err(content)?, None),
        };
        let (id, sha256) = (entry.id.clone(), entry.sha256.clone());
        Ok(Weights { id, tensors, graph, sha256, licence_class: entry.licence_class })
    }

    /// The bytes of an entry's file, checked.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Damaged`], [`StoreError::Content`].
    pub fn read(&self, id: &str) -> Result<Vec<u8>, StoreError> {
        self.read_while(id, &mut || true)
    }

    fn read_while(&self, id: &str, goes_on: &mut dyn FnMut() -> bool) -> Result<Vec<u8>, StoreError> {
        let path = self.path(id)?;
        let entry = self.catalogue().get(id)?;
        let bytes = read_bounded(&path, &Limits::default())
            .map_err(|cause| StoreError::Content { id: id.to_owned(), cause })?;
        let stop = || std::io::Error::from(std::io::ErrorKind::Interrupted);
        let hashed = Sha256Hex::of_reader(&bytes[..], |_| if goes_on() { Ok(()) } else { Err(stop()) });
        let Ok((actual, _)) = hashed else { return Err(FetchError::Cancelled.into()) };
        let expected = self.expected(entry)?.sha256;
        if actual == expected {
            return Ok(bytes);
        }
        let what = path.display().to_string();
        Err(StoreError::Damaged { id: id.to_owned(), cause: Box::new(FetchError::Sha256 { what, actual, expected }) })
    }
}
