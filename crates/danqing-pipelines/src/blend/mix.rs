//! From one latent to another.

use super::Mix;

/// `from` at 0, `to` at 1.
pub(super) fn mixed(from: &[f32], to: &[f32], ratio: f64, mix: Mix) -> Vec<f32> {
    let (a, b) = match mix {
        Mix::Linear => (1.0 - ratio, ratio),
        Mix::Spherical => arc(angle(from, to), ratio),
    };
    from.iter().zip(to).map(|(from, to)| (a * f64::from(*from) + b * f64::from(*to)) as f32).collect()
}

/// Shares of both ends. Ken Shoemake, "Animating rotation with quaternion curves", 1985.
fn arc(angle: f64, ratio: f64) -> (f64, f64) {
    let sine = angle.sin();
    if sine < 1e-6 {
        return (1.0 - ratio, ratio); // all but parallel
    }
    (((1.0 - ratio) * angle).sin() / sine, (ratio * angle).sin() / sine)
}

fn angle(from: &[f32], to: &[f32]) -> f64 {
    let (mut dot, mut a, mut b) = (0.0, 0.0, 0.0);
    for (x, y) in from.iter().zip(to) {
        let (x, y) = (f64::from(*x), f64::from(*y));
        dot += x * y;
        a += x * x;
        b += y * y;
    }
    (dot / (a.sqrt() * b.sqrt()).max(f64::MIN_POSITIVE)).clamp(-1.0, 1.0).acos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arc_keeps_the_length_and_the_line_does_not() {
        let (from, to) = ([3.0, 0.0], [0.0, 3.0]);
        let close = |made: &[f32], expected: [f32; 2]| made.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(close(&mixed(&from, &to, 0.5, Mix::Linear), [1.5, 1.5]));
        assert!(close(&mixed(&from, &to, 0.5, Mix::Spherical), [4.5_f32.sqrt(); 2]));
        assert!(close(&mixed(&from, &to, 1.0 / 3.0, Mix::Spherical), [3.0 * 0.866_025_4, 1.5]));
        for mix in [Mix::Linear, Mix::Spherical] {
            assert!(close(&mixed(&from, &to, 0.0, mix), from) && close(&mixed(&from, &to, 1.0, mix), to));
            assert!(close(&mixed(&from, &from, 0.3, mix), from), "{mix:?}");
        }
    }
}
