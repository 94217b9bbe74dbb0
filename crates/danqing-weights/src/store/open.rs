//! Reading an entry's tensors, its sha256 checked on the very bytes that are parsed.

use crate::catalogue::LicenceClass;
use crate::containers::{Container, Limits, onnx, parse, read_bounded};
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

impl ModelStore {
    /// Reads, checks and parses an entry's file.
    ///
    /// # Errors
    /// [`StoreError::Missing`] (its hint is the command that fetches it), [`StoreError::Damaged`],
    /// [`StoreError::Content`].
    pub fn open_tensors(&self, id: &str) -> Result<Weights, StoreError> {
        let bytes = self.read(id)?;
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
        let path = self.path(id)?;
        let entry = self.catalogue().get(id)?;
        let bytes = read_bounded(&path, &Limits::default())
            .map_err(|cause| StoreError::Content { id: id.to_owned(), cause })?;
        let actual = Sha256Hex::of(&bytes);
        let expected = self.expected(entry)?.sha256;
        if actual == expected {
            return Ok(bytes);
        }
        let what = path.display().to_string();
        Err(StoreError::Damaged { id: id.to_owned(), cause: Box::new(FetchError::Sha256 { what, actual, expected }) })
    }
}
