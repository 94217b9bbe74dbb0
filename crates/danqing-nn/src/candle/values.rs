//! Operators on each value by itself. Comparisons choose, so that NaN stays NaN on every device.

use candle_core::Tensor;

use super::{OnDevice, give};
use crate::{Activation, Epilogue, Error, FeatureMap, Shape};

impl OnDevice<'_> {
    pub(crate) fn activate(self, x: &FeatureMap, activation: &Activation) -> Result<FeatureMap, Error> {
        give(x.shape(), &self.bent(&self.take(x)?, activation)?)
    }

    pub(crate) fn add(self, a: &FeatureMap, b: &FeatureMap) -> Result<FeatureMap, Error> {
        give(a.shape(), &self.take(a)?.broadcast_add(&self.take(b)?)?)
    }

    pub(crate) fn multiply(self, a: &FeatureMap, b: &FeatureMap) -> Result<FeatureMap, Error> {
        give(a.shape(), &self.take(a)?.broadcast_mul(&self.take(b)?)?)
    }

    pub(crate) fn affine(self, x: &FeatureMap, factor: f32, offset: f32) -> Result<FeatureMap, Error> {
        give(x.shape(), &self.take(x)?.affine(f64::from(factor), f64::from(offset))?)
    }

    pub(crate) fn clamp(self, x: &FeatureMap, low: f32, high: f32) -> Result<FeatureMap, Error> {
        give(x.shape(), &self.limited(&self.take(x)?, low, high)?)
    }

    /// What a layer does with its sums.
    pub(super) fn finish(self, sums: Tensor, epilogue: &Epilogue<'_>, shape: Shape) -> Result<FeatureMap, Error> {
        let mut y = sums;
        if let Some(residual) = epilogue.residual {
            y = y.broadcast_add(&self.take(residual)?)?;
        }
        if let Some(activation) = &epilogue.activation {
            y = self.bent(&y, activation)?;
        }
        if let Some(skip) = epilogue.skip {
            y = y.broadcast_add(&self.take(skip)?)?;
        }
        give(shape, &y)
    }

    fn bent(self, x: &Tensor, activation: &Activation) -> Result<Tensor, Error> {
        match activation {
            Activation::Relu => self.limited(x, 0.0, f32::INFINITY),
            Activation::LeakyRelu { slope, gain, clamp } => {
                let bent = x.lt(0.0_f32)?.where_cond(&x.affine(f64::from(*slope), 0.0)?, x)?;
                let bent = bent.affine(f64::from(*gain), 0.0)?;
                match clamp {
                    Some(most) => self.limited(&bent, -most, *most),
                    None => Ok(bent),
                }
            }
            Activation::PRelu(slopes) => {
                let slopes = Tensor::from_slice(&slopes[..], (1, slopes.len(), 1, 1), self.device)?;
                Ok(x.lt(0.0_f32)?.where_cond(&x.broadcast_mul(&slopes)?, x)?)
            }
            Activation::Silu => Ok(x.div(&one_plus_exp_of_minus(x)?)?),
            Activation::Gelu => Ok(x.gelu_erf()?),
            Activation::GeluTanh => Ok(x.gelu()?),
            Activation::GeluQuick => Ok(x.div(&one_plus_exp_of_minus(&x.affine(1.702, 0.0)?)?)?),
            Activation::Sigmoid => Ok(one_plus_exp_of_minus(x)?.recip()?),
            Activation::Tanh => Ok(x.tanh()?),
        }
    }

    fn limited(self, x: &Tensor, low: f32, high: f32) -> Result<Tensor, Error> {
        let every = |value: f32| Tensor::new(value, self.device)?.broadcast_as(x.shape());
        let raised = x.lt(low)?.where_cond(&every(low)?, x)?;
        if high == f32::INFINITY {
            return Ok(raised);
        }
        Ok(raised.gt(high)?.where_cond(&every(high)?, &raised)?)
    }
}

fn one_plus_exp_of_minus(x: &Tensor) -> Result<Tensor, Error> {
    Ok(x.neg()?.exp()?.affine(1.0, 1.0)?)
}
