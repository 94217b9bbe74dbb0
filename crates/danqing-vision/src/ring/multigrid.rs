//! Poisson's equation on a part of the pixel grid, by multigrid V-cycles (A. Brandt, "Multi-Level Adaptive Solutions to
//! Boundary-Value Problems", 1977) with Gauss-Seidel smoothing.

use danqing_capability::{Cancelled, Progress};

/// Smoothing sweeps before and after each correction from the coarser grid.
const SWEEPS: usize = 2;
/// Sweeps on the coarsest grid.
const COARSEST_SWEEPS: usize = 16;
/// Wanted pixels below which a grid is not halved again.
const SMALL: usize = 4;
/// Pixels smoothed between two reports.
const REPORT_EVERY: usize = 1 << 20;

/// What each pixel is to an equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Its value is given.
    Given,
    /// Its value is to be found.
    Wanted,
    /// It takes no part.
    Absent,
}

pub(crate) type Values = Vec<[f32; 3]>;

/// One resolution of the equation.
struct Grid {
    width: usize,
    wanted: Vec<Node>,
    /// Index of each pixel among the wanted, or [`NONE`].
    node_of: Vec<u32>,
    roles: Vec<Role>,
    /// Added to the degree of every node, per channel: pulls values to 0, more the farther from given pixels.
    screening: [f32; 3],
}

/// A wanted pixel: the wanted ones beside it and how many neighbours take part at all.
struct Node {
    at: u32,
    neighbours: [u32; 4],
    degree: f32,
}

const NONE: u32 = u32::MAX;

impl Grid {
    fn new(width: usize, roles: Vec<Role>, screening: [f32; 3]) -> Self {
        let height = roles.len() / width.max(1);
        let mut node_of = vec![NONE; roles.len()];
        let places: Vec<usize> = (0..roles.len()).filter(|at| roles[*at] == Role::Wanted).collect();
        places.iter().enumerate().for_each(|(i, at)| node_of[*at] = i as u32);
        let node = |&at: &usize| {
            let (x, y) = (at % width, at / width);
            let around = [
                (x > 0).then(|| at - 1),
                (x + 1 < width).then(|| at + 1),
                (y > 0).then(|| at - width),
                (y + 1 < height).then(|| at + width),
            ];
            let degree = around.iter().flatten().filter(|n| roles[**n] != Role::Absent).count() as f32;
            Node { at: at as u32, neighbours: around.map(|n| n.map_or(NONE, |n| node_of[n])), degree }
        };
        let wanted = places.iter().map(node).collect();
        Self { width, wanted, node_of, roles, screening }
    }

    /// Half the resolution: given if anything below is, else wanted if anything below is.
    fn halved(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), (self.roles.len() / self.width).div_ceil(2));
        let mut roles = vec![Role::Absent; width * height];
        for (at, role) in self.roles.iter().enumerate() {
            let to = &mut roles[at / self.width / 2 * width + at % self.width / 2];
            match role {
                Role::Given => *to = Role::Given,
                Role::Wanted if *to == Role::Absent => *to = Role::Wanted,
                _ => {}
            }
        }
        // A coarser node stands for four pixels, and so for four times their pull.
        Self::new(width, roles, self.screening.map(|s| 4.0 * s))
    }

    /// The coarser grid's node above a node.
    fn parent(&self, coarse: &Self, node: &Node) -> Option<usize> {
        let (x, y) = (node.at as usize % self.width, node.at as usize / self.width);
        let parent = coarse.node_of[y / 2 * coarse.width + x / 2];
        (parent != NONE).then_some(parent as usize)
    }

    fn neighbour_sum(node: &Node, values: &Values) -> [f32; 3] {
        let mut sum = [0.0f32; 3];
        for n in node.neighbours.iter().filter(|n| **n != NONE) {
            sum.iter_mut().zip(values[*n as usize]).for_each(|(s, v)| *s += v);
        }
        sum
    }

    /// One Gauss-Seidel sweep, forward or backward.
    fn smooth(&self, values: &mut Values, right: &Values, backward: bool) {
        for i in 0..self.wanted.len() {
            let i = if backward { self.wanted.len() - 1 - i } else { i };
            let node = &self.wanted[i];
            if node.degree > 0.0 {
                let sum = Self::neighbour_sum(node, values);
                (0..3).for_each(|c| values[i][c] = (sum[c] + right[i][c]) / (node.degree + self.screening[c]));
            }
        }
    }

    /// Sums over the children of what the equation still lacks.
    fn residual_on(&self, coarse: &Self, values: &Values, right: &Values) -> Values {
        let mut sums = vec![[0.0f32; 3]; coarse.wanted.len()];
        for (i, node) in self.wanted.iter().enumerate() {
            if let Some(parent) = self.parent(coarse, node) {
                let sum = Self::neighbour_sum(node, values);
                (0..3).for_each(|c| {
                    let own = (node.degree + self.screening[c]) * values[i][c];
                    sums[parent][c] += right[i][c] + sum[c] - own;
                });
            }
        }
        sums
    }
}

/// Values of the wanted pixels, in row order, such that at each one `degree * value - sum of wanted neighbours` equals
/// `right`; the given pixels count as 0 (add theirs to `right`). Wanted pixels that no given one reaches come back as 0.
///
/// # Errors
/// [`Cancelled`].
pub(crate) fn solve(
    width: usize,
    roles: Vec<Role>,
    right: &Values,
    cycles: usize,
    progress: &mut Progress<'_>,
) -> Result<Values, Cancelled> {
    solve_screened(width, roles, right, [0.0; 3], cycles, progress)
}

/// [`solve`] of the screened equation, `(degree + screening) * value - sum of wanted neighbours = right`: a value feels
/// the right side up to about `1 / sqrt(screening)` pixels away, per channel.
///
/// # Errors
/// [`Cancelled`].
pub(crate) fn solve_screened(
    width: usize,
    roles: Vec<Role>,
    right: &Values,
    screening: [f32; 3],
    cycles: usize,
    progress: &mut Progress<'_>,
) -> Result<Values, Cancelled> {
    let mut grids = vec![Grid::new(width, roles, screening)];
    while let Some(last) = grids.last().filter(|g| g.wanted.len() > SMALL) {
        progress.step("membrane", 0, cycles)?;
        let coarse = last.halved();
        if coarse.wanted.is_empty() || coarse.roles.len() == last.roles.len() {
            break;
        }
        grids.push(coarse);
    }
    let mut values = vec![[0.0; 3]; right.len()];
    // Without any given pixel the solution is free by a constant: there is nothing to meet.
    if !grids.first().is_some_and(|g| g.roles.contains(&Role::Given)) {
        return Ok(values);
    }
    let mut worked = 0;
    for cycle in 0..cycles {
        v_cycle(
            &grids,
            &mut values,
            right,
            &mut |pixels, progress: &mut Progress<'_>| {
                worked += pixels;
                if worked < REPORT_EVERY {
                    return Ok(());
                }
                worked = 0;
                progress.step("membrane", cycle, cycles)
            },
            progress,
        )?;
    }
    Ok(values)
}

fn v_cycle(
    grids: &[Grid],
    values: &mut Values,
    right: &Values,
    report: &mut dyn FnMut(usize, &mut Progress<'_>) -> Result<(), Cancelled>,
    progress: &mut Progress<'_>,
) -> Result<(), Cancelled> {
    let [grid, coarser @ ..] = grids else { return Ok(()) };
    let Some(coarse) = coarser.first() else {
        (0..COARSEST_SWEEPS).for_each(|i| grid.smooth(values, right, i % 2 == 1));
        return Ok(());
    };
    for _ in 0..SWEEPS {
        grid.smooth(values, right, false);
        report(grid.wanted.len(), progress)?;
    }
    let mut correction = vec![[0.0; 3]; coarse.wanted.len()];
    v_cycle(coarser, &mut correction, &grid.residual_on(coarse, values, right), report, progress)?;
    for (value, node) in values.iter_mut().zip(&grid.wanted) {
        if let Some(parent) = grid.parent(coarse, node) {
            value.iter_mut().zip(correction[parent]).for_each(|(v, c)| *v += c);
        }
    }
    for _ in 0..SWEEPS {
        grid.smooth(values, right, true);
        report(grid.wanted.len(), progress)?;
    }
    Ok(())
}
