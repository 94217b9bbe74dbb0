//! Where edges run: the structure tensor, equal to `skimage.feature.structure_tensor(mode="mirror")` within 1e-4 of its
//! largest value, and the edge tangent flow that painters draw along.
//!
//! Source: J. Kyprianidis, J. Döllner, "Image abstraction by structure adaptive filtering", 2008 (the smoothed tensor's
//! minor eigenvector as flow, in place of the iterated vector filter of H. Kang et al., "Coherent line drawing", 2007);
//! wider and wider tensors, each with less weight, give flat areas the direction of the edges around them.

mod along;

use danqing_capability::Cancelled;

pub use self::along::along;
pub(crate) use self::along::onward;
use crate::blur::{Border, Kernel, gaussian_with};
use crate::field::{Crew, Plane, blurred};

/// Smoothed products of derivatives: `xx = ⟨∂x²⟩`, `xy = ⟨∂x ∂y⟩`, `yy = ⟨∂y²⟩` (Sobel, unscaled).
#[derive(Clone, Debug)]
pub struct Tensor {
    /// Across columns.
    pub xx: Plane,
    /// Mixed.
    pub xy: Plane,
    /// Across rows.
    pub yy: Plane,
}

impl Tensor {
    /// Of a grey picture, smoothed with a Gaussian of `sigma` pixels.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn new(grey: &Plane, sigma: f32, crew: &Crew) -> Result<Self, Cancelled> {
        let size = grey.size();
        let at = |x: usize, y: usize, dx: isize, dy: isize| {
            let (x, y) = (x as isize + dx, y as isize + dy);
            grey.row(Border::Reflect101.index(y, size.1))[Border::Reflect101.index(x, size.0)]
        };
        let dx = |x, y| {
            at(x, y, 1, -1) + 2.0 * at(x, y, 1, 0) + at(x, y, 1, 1)
                - at(x, y, -1, -1)
                - 2.0 * at(x, y, -1, 0)
                - at(x, y, -1, 1)
        };
        let dy = |x, y| {
            at(x, y, -1, 1) + 2.0 * at(x, y, 0, 1) + at(x, y, 1, 1)
                - at(x, y, -1, -1)
                - 2.0 * at(x, y, 0, -1)
                - at(x, y, 1, -1)
        };
        let (across, down) = (crew.plane(size, dx)?, crew.plane(size, dy)?);
        let product = |a: &Plane, b: &Plane| -> Result<Plane, Cancelled> {
            let product = crew.plane(size, |x, y| a.pixel(x, y)[0] * b.pixel(x, y)[0])?;
            gaussian_with(&product, sigma, Kernel::SciPy, Border::Reflect101, crew.cancel())
        };
        Ok(Self { xx: product(&across, &across)?, xy: product(&across, &down)?, yy: product(&down, &down)? })
    }

    fn blurred(&self, sigma: f32, crew: &Crew) -> Result<Self, Cancelled> {
        let soft = |plane| blurred(plane, sigma, crew);
        Ok(Self { xx: soft(&self.xx)?, xy: soft(&self.xy)?, yy: soft(&self.yy)? })
    }

    fn add(&mut self, other: &Self, weight: f32) {
        for (to, from) in [(&mut self.xx, &other.xx), (&mut self.xy, &other.xy), (&mut self.yy, &other.yy)] {
            to.samples_mut().iter_mut().zip(from.samples()).for_each(|(to, from)| *to += weight * from);
        }
    }

    /// Larger and smaller eigenvalue at a pixel.
    fn eigenvalues(&self, i: usize) -> (f32, f32) {
        let (xx, xy, yy) = (self.xx.samples()[i], self.xy.samples()[i], self.yy.samples()[i]);
        let (half, root) = (0.5 * (xx + yy), (0.25 * (xx - yy).powi(2) + xy * xy).sqrt());
        (half + root, (half - root).max(0.0))
    }
}

/// A direction for every pixel, along edges, and how surely it is one.
#[derive(Clone, Debug)]
pub struct Flow {
    width: usize,
    height: usize,
    tangents: Vec<[f32; 2]>,
    coherences: Vec<f32>,
}

impl Flow {
    /// Of a grey picture; `sigma` in pixels is the width of the finest smoothing.
    ///
    /// # Errors
    /// [`Cancelled`].
    pub fn new(grey: &Plane, sigma: f32, crew: &Crew) -> Result<Self, Cancelled> {
        let fine = Tensor::new(grey, sigma, crew)?;
        let mut tensor = fine.clone();
        tensor.add(&fine.blurred(sigma * 4.0, crew)?, 0.1);
        tensor.add(&fine.blurred(sigma * 16.0, crew)?, 0.01);
        let mut tangents = vec![[1.0, 0.0]; tensor.xx.samples().len()];
        let (width, height) = grey.size();
        crew.rows(&mut tangents, width, |y, row| {
            for (x, tangent) in row.iter_mut().enumerate() {
                *tangent = minor(&tensor, y * width + x);
            }
        })?;
        let coherence = |i| {
            let (large, small) = fine.eigenvalues(i);
            if large + small < 1e-9 { 0.0 } else { ((large - small) / (large + small)).powi(2) }
        };
        let coherences = (0..tangents.len()).map(coherence).collect();
        Ok(Self { width, height, tangents, coherences })
    }

    /// The same direction everywhere, an angle in radians from the x axis.
    #[must_use]
    pub fn uniform((width, height): (usize, usize), angle: f32) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self { width, height, tangents: vec![[cos, sin]; width * height], coherences: vec![1.0; width * height] }
    }

    /// Width and height.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    fn index(&self, x: f32, y: f32) -> usize {
        let inside = |value: f32, len: usize| (value + 0.5).clamp(0.0, (len - 1) as f32) as usize;
        inside(y, self.height) * self.width + inside(x, self.width)
    }

    /// Unit vector along the edge at the nearest pixel; its sign has no meaning.
    #[must_use]
    pub fn tangent(&self, x: f32, y: f32) -> [f32; 2] {
        self.tangents[self.index(x, y)]
    }

    /// From 0 (no direction or several) to 1 (one clear direction) at the nearest pixel.
    #[must_use]
    pub fn coherence(&self, x: f32, y: f32) -> f32 {
        self.coherences[self.index(x, y)]
    }
}

/// The eigenvector of the smaller eigenvalue: along the edge.
fn minor(tensor: &Tensor, i: usize) -> [f32; 2] {
    let (xx, xy, yy) = (tensor.xx.samples()[i], tensor.xy.samples()[i], tensor.yy.samples()[i]);
    let across = 0.5 * (2.0 * xy).atan2(xx - yy); // of the larger one
    [-across.sin(), across.cos()]
}

#[cfg(test)]
mod tests;
