//! Weights by name from a parsed file: every shape checked, every tensor of the network used exactly once or shared.

use std::cell::RefCell;
use std::collections::BTreeMap;

use danqing_nn::{Engine, Weight, fill_in_pieces};
use danqing_weights::{ParseError, TensorFile, TensorView};

use crate::Error;
use crate::diffusion::{Adapt, Stored, TensorShape, Tensors, seeded_values};

/// How a network finds its tensors in one file. Names asked for are those of the published checkpoint.
pub(crate) struct Checkpoint<'a> {
    network: &'static str,
    origin: Origin<'a>,
    stored_name: Box<dyn Fn(&str) -> Stored + 'a>,
    adapt: Option<Adapt<'a>>,
    /// Stored names and dimensions of what was asked for.
    used: RefCell<BTreeMap<String, Vec<usize>>>,
    /// Of the last large tensor that was packed, for the next one: the system makes new memory a page at a time.
    room: RefCell<Vec<f32>>,
}

/// Values from which on a tensor is large.
const LARGE: usize = 1 << 18;

/// What answers.
enum Origin<'a> {
    File(&'a TensorFile),
    /// Values by rule.
    Seeded,
    /// One value whatever is asked: only names and dimensions are of interest.
    Listing,
}

impl<'a> Checkpoint<'a> {
    /// `stored_name` maps a published name to the name in this file.
    pub(crate) fn new(network: &'static str, file: &'a TensorFile, stored_name: impl Fn(&str) -> String + 'a) -> Self {
        Self::of_file(network, file, Box::new(move |name: &str| Stored::from(stored_name(name))))
    }

    fn of_file(network: &'static str, file: &'a TensorFile, stored_name: Box<dyn Fn(&str) -> Stored + 'a>) -> Self {
        Self {
            network,
            origin: Origin::File(file),
            stored_name,
            adapt: None,
            used: RefCell::default(),
            room: RefCell::default(),
        }
    }

    /// Of a file or a rule.
    pub(crate) fn of(network: &'static str, tensors: Tensors<'a>) -> Self {
        match tensors {
            Tensors::File { file, stored_name, adapt, .. } => {
                Self { adapt: Some(adapt), ..Self::of_file(network, file, Box::new(stored_name)) }
            }
            Tensors::Seeded => Self { origin: Origin::Seeded, ..Self::listing(network) },
        }
    }

    /// Gives one value for any tensor and notes what was asked for, see [`Self::listed`].
    pub(crate) fn listing(network: &'static str) -> Self {
        let stored_name = Box::new(|name: &str| Stored::from(name.to_owned()));
        Self {
            network,
            origin: Origin::Listing,
            stored_name,
            adapt: None,
            used: RefCell::default(),
            room: RefCell::default(),
        }
    }

    /// Whether weights are stand-ins of one value.
    pub(crate) fn is_listing(&self) -> bool {
        matches!(self.origin, Origin::Listing)
    }

    /// Names and dimensions of all tensors asked for, by name.
    pub(crate) fn listed(self) -> Vec<TensorShape> {
        self.used.into_inner().into_iter().collect()
    }

    /// Refuses a file of which this network leaves tensors unused that are its own.
    pub(crate) fn finish_with(self, tensors: Tensors<'_>) -> Result<(), Error> {
        match tensors {
            Tensors::File { belongs, .. } => self.finish(belongs),
            Tensors::Seeded => Ok(()),
        }
    }

    fn get(&self, stored: &str) -> Option<TensorView<'a>> {
        match self.origin {
            Origin::File(file) => file.get(stored),
            Origin::Seeded | Origin::Listing => None,
        }
    }

    /// Dimensions of the tensor of that published name, if the file holds it.
    pub(crate) fn shape(&self, name: &str) -> Option<&'a [usize]> {
        self.get(&(self.stored_name)(name).name).map(|view| view.shape())
    }

    /// The tensor of that published name. Sides of 1 at the end do not count: a linear layer may be stored as a 1×1
    /// convolution.
    pub(crate) fn weight(&self, name: &str, shape: &[usize]) -> Result<Weight, Error> {
        self.weight_on(None, name, shape)
    }

    /// Takes back a weight that is packed.
    pub(crate) fn packed(&self, weight: Weight) {
        let room = weight.into_room();
        if room.len() > self.room.borrow().len() {
            *self.room.borrow_mut() = room;
        }
    }

    /// As [`Self::weight`], read on an engine's threads.
    pub(crate) fn weight_on(&self, engine: Option<&Engine>, name: &str, shape: &[usize]) -> Result<Weight, Error> {
        let Stored { name: stored, part } = (self.stored_name)(name);
        if let Some(rule) = self.by_rule(&stored, shape) {
            return rule;
        }
        let Some(view) = self.get(&stored) else {
            return Err(self.missing(stored, shape));
        };
        let (part, parts) = part.unwrap_or((0, 1));
        let mut expected = shape.to_vec();
        expected.iter_mut().take(1).for_each(|side| *side *= parts);
        if without_ones(view.shape()) != without_ones(&expected) {
            let actual = view.shape().to_vec();
            return Err(Error::TensorShape { network: self.network, name: stored, actual, expected });
        }
        self.used.borrow_mut().insert(stored, shape.to_vec());
        let count = shape.iter().product();
        let mut room = match engine {
            Some(engine) if parts == 1 && count >= LARGE => self.read(engine, view, count)?,
            _ => crate::error::values(view)?,
        };
        if parts > 1 {
            let length = room.len() / parts;
            room = room[part * length..(part + 1) * length].to_vec();
        }
        if let (Some(adapt), Some(values)) = (self.adapt, room.get_mut(..count)) {
            adapt(name, shape, values)?;
        }
        Ok(Weight::in_room(shape, room)?)
    }

    /// The values of a large tensor, and perhaps others behind them.
    fn read(&self, engine: &Engine, view: TensorView<'_>, count: usize) -> Result<Vec<f32>, Error> {
        let mut room = self.room.take();
        if room.len() < count {
            // A new one, not a longer one: what it holds need not be kept.
            drop(room);
            room = vec![0.0; count];
        }
        let unreadable =
            |reason: ParseError| Error::Unreadable { name: view.name().to_owned(), reason: reason.to_string() };
        fill_in_pieces(engine, &mut room[..count], |first, piece| view.read_f32(first, piece).map_err(unreadable))?;
        Ok(room)
    }

    /// The answer of an origin that is no file.
    fn by_rule(&self, stored: &str, shape: &[usize]) -> Option<Result<Weight, Error>> {
        let weight = match self.origin {
            Origin::File(_) => return None,
            Origin::Seeded => Weight::new(shape, seeded_values(stored, shape)),
            Origin::Listing => Weight::new(&vec![1; shape.len()], vec![1.0]),
        };
        self.used.borrow_mut().insert(stored.to_owned(), shape.to_vec());
        Some(weight.map_err(Error::from))
    }

    /// One value per channel of that published name, whatever sides of 1 it is stored with.
    pub(crate) fn channels(&self, name: &str, count: usize) -> Result<Weight, Error> {
        let stored = (self.stored_name)(name);
        match self.get(&stored.name).map(|view| view.shape().to_vec()) {
            Some(shape) if shape.iter().product::<usize>() == count => {
                Ok(Weight::new(&[count], self.weight(name, &shape)?.values().to_vec())?)
            }
            _ => self.weight(name, &[count]),
        }
    }

    /// Refuses a file in which tensors that `belongs` names were not used.
    pub(crate) fn finish(self, belongs: impl Fn(&str) -> bool) -> Result<(), Error> {
        let Origin::File(file) = self.origin else { return Ok(()) };
        let used = self.used.into_inner();
        let left = || file.iter().filter(|view| belongs(view.name()) && !used.contains_key(view.name()));
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

/// Dimensions up to the last that is not 1.
fn without_ones(shape: &[usize]) -> &[usize] {
    let end = shape.iter().rposition(|side| *side != 1).map_or(0, |last| last + 1);
    &shape[..end]
}

#[cfg(test)]
mod tests {
    use danqing_nn::EngineConfig;

    use super::*;

    #[test]
    fn large_tensors_are_read_into_the_room_of_those_before() -> Result<(), Error> {
        let tensor = |name: &str, count: usize, first: usize| {
            (name.to_owned(), vec![count], (first..first + count).map(|value| value as f32).collect())
        };
        let tensors = [
            tensor("large", LARGE + 5, 7),
            tensor("less", LARGE, 3),
            tensor("more", 2 * LARGE + 1, 1),
            tensor("small", 9, 2),
        ];
        let file = TensorFile::from_f32(tensors).unwrap();
        let engine = Engine::new(EngineConfig { threads: Some(3), ..EngineConfig::default() })?;
        // What is added reaches the tensor's own values, and no others.
        let adapt = |name: &str, shape: &[usize], values: &mut [f32]| {
            assert_eq!(values.len(), shape[0]);
            for value in values.iter_mut() {
                *value += if name == "less" { 1.0 } else { 0.0 };
            }
            Ok(())
        };
        let checkpoint = Checkpoint { adapt: Some(&adapt), ..Checkpoint::new("test", &file, str::to_owned) };
        for name in ["large", "less", "small", "more", "less", "large"] {
            let view = file.get(name).unwrap();
            let weight = checkpoint.weight_on(Some(&engine), name, view.shape())?;
            let added = if name == "less" { 1.0 } else { 0.0 };
            let expected: Vec<f32> = view.to_f32().unwrap().iter().map(|value| value + added).collect();
            assert!(weight.values() == expected && weight.shape() == view.shape(), "{name}");
            checkpoint.packed(weight);
        }
        assert_eq!(checkpoint.room.borrow().len(), 2 * LARGE + 1);
        engine.cancel_token().cancel();
        let stopped = checkpoint.weight_on(Some(&engine), "large", &[LARGE + 5]);
        assert!(matches!(stopped, Err(Error::Engine(danqing_nn::Error::Cancelled(_)))), "{stopped:?}");
        Ok(())
    }
}
