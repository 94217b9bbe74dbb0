//! Weights by name from a parsed file: every shape checked, every tensor of the network used exactly once or shared.

use std::cell::RefCell;
use std::collections::HashSet;

use danqing_nn::Weight;
use danqing_weights::TensorFile;

use crate::Error;

/// How a network finds its tensors in one file. Names asked for are those of the published checkpoint.
pub(crate) struct Checkpoint<'a> {
    network: &'static str,
    file: &'a TensorFile,
    stored_name: Box<dyn Fn(&str) -> String + 'a>,
    used: RefCell<HashSet<String>>,
}

impl<'a> Checkpoint<'a> {
    /// `stored_name` maps a published name to the name in this file.
    pub(crate) fn new(network: &'static str, file: &'a TensorFile, stored_name: impl Fn(&str) -> String + 'a) -> Self {
        Self { network, file, stored_name: Box::new(stored_name), used: RefCell::default() }
    }

    /// Dimensions of the tensor of that published name, if the file holds it.
    pub(crate) fn shape(&self, name: &str) -> Option<&'a [usize]> {
        self.file.get(&(self.stored_name)(name)).map(|view| view.shape())
    }

    /// The tensor of that published name.
    pub(crate) fn weight(&self, name: &str, shape: &[usize]) -> Result<Weight, Error> {
        let stored = (self.stored_name)(name);
        let Some(view) = self.file.get(&stored) else {
            return Err(self.missing(stored, shape));
        };
        if view.shape() != shape {
            let (actual, expected) = (view.shape().to_vec(), shape.to_vec());
            return Err(Error::TensorShape { network: self.network, name: stored, actual, expected });
        }
        self.used.borrow_mut().insert(stored);
        Ok(Weight::new(shape, view.to_f32())?)
    }

    /// One value per channel of that published name, whatever sides of 1 it is stored with.
    pub(crate) fn channels(&self, name: &str, count: usize) -> Result<Weight, Error> {
        let stored = (self.stored_name)(name);
        match self.file.get(&stored).map(|view| view.shape().to_vec()) {
            Some(shape) if shape.iter().product::<usize>() == count => {
                Ok(Weight::new(&[count], self.weight(name, &shape)?.values().to_vec())?)
            }
            _ => self.weight(name, &[count]),
        }
    }

    /// Refuses a file in which tensors that `belongs` names were not used.
    pub(crate) fn finish(self, belongs: impl Fn(&str) -> bool) -> Result<(), Error> {
        let used = self.used.into_inner();
        let left = || self.file.iter().filter(|view| belongs(view.name()) && !used.contains(view.name()));
        match left().next() {
            None => Ok(()),
            Some(first) => {
                let (count, first) = (left().count(), first.name().to_owned());
                Err(Error::Leftover { network: self.network, count, first })
            }
        }
    }

    fn missing(&self, name: String, shape: &[usize]) -> Error {
        let others = self.used.borrow().len();
        Error::MissingTensor { network: self.network, name, shape: shape.to_vec(), others }
    }
}
