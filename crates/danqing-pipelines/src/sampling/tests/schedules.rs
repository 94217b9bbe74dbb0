use super::super::{
    BetaSchedule, Family, NoiseTable, Schedule, Shape, Spacing, Strength, consistency_timesteps, denoise_steps,
    timesteps,
};
use super::{assert_near, golden, golden_file};

const COUNTS: [usize; 6] = [1, 2, 5, 11, 20, 33];

#[test]
fn tables_of_training() {
    let file = golden_file();
    let linear = BetaSchedule::Linear { start: 0.0001, end: 0.02 };
    let bars = |schedule: BetaSchedule| NoiseTable::from_betas(&schedule.betas(1000)).alphas_cumprod().to_vec();
    assert_eq!(bars(BetaSchedule::STABLE_DIFFUSION), golden(&file, "table.scaled_linear"));
    assert_eq!(bars(linear), golden(&file, "table.linear"));
    assert_eq!(bars(BetaSchedule::SquaredCosine), golden(&file, "table.squared_cosine"));
    let zero = NoiseTable::with_zero_terminal_snr(&BetaSchedule::STABLE_DIFFUSION.betas(1000));
    assert_near(zero.alphas_cumprod(), &golden(&file, "table.zero_snr"), 0.0, 1e-5, "zero terminal SNR");
    assert_eq!(zero.sigma_max().round(), 4096.0);
}

#[test]
fn between_sigma_and_timestep() {
    let file = golden_file();
    let table = NoiseTable::stable_diffusion();
    let each = |name: &str, f: &dyn Fn(f64) -> f64| -> Vec<f32> {
        golden(&file, name).into_iter().map(|value| f(f64::from(value)) as f32).collect()
    };
    let sigmas = each("table.places", &|t| table.sigma_at(t));
    assert_near(&sigmas, &golden(&file, "table.sigma_at"), 0.0, 2e-6, "sigma_at");
    let sigmas = each("table.places", &|t| table.sigma_at_straight(t));
    assert_near(&sigmas, &golden(&file, "table.sigma_at_straight"), 0.0, 2e-6, "sigma_at_straight");
    let places = each("table.levels", &|sigma| table.timestep_of(sigma));
    // A logarithm in single precision, over steps of 0.005: a thousandth of a timestep.
    assert_near(&places, &golden(&file, "table.timestep_of"), 2e-3, 0.0, "timestep_of");
    let places = each("table.levels", &|sigma| table.nearest_timestep(sigma) as f64);
    assert_eq!(places, golden(&file, "table.nearest"));
}

#[test]
fn schedules_of_other_programs() {
    let file = golden_file();
    let table = NoiseTable::stable_diffusion();
    let xl = Shape { family: Family::Xl, ..Shape::default() };
    let named = [
        ("karras", Schedule::Karras),
        ("exponential", Schedule::Exponential),
        ("polyexponential", Schedule::Polyexponential),
        ("uniform", Schedule::Uniform),
        ("sgm_uniform", Schedule::SgmUniform),
        ("kl_optimal", Schedule::KlOptimal),
        ("simple", Schedule::Simple),
        ("ddim", Schedule::Ddim),
        ("beta", Schedule::Beta),
        ("align_your_steps", Schedule::AlignYourSteps),
        ("align_your_steps_xl", Schedule::AlignYourSteps),
        ("align_your_steps_32", Schedule::AlignYourSteps32),
        ("align_your_steps_gits", Schedule::AlignYourStepsGits),
        ("trailing", Schedule::Trailing),
        ("linspace", Schedule::Linspace),
    ];
    let mut compared = 0;
    for (name, schedule) in named {
        let shape = if name.ends_with("xl") { xl } else { Shape::default() };
        for count in COUNTS {
            let name = format!("schedule.{name}.{count}");
            let Some(expected) = file.get(&name) else { continue };
            // Single-precision powers and logarithms in the originals.
            assert_near(&schedule.sigmas(count, &table, &shape), &expected.to_f32().unwrap(), 0.0, 1e-5, &name);
            compared += 1;
        }
    }
    assert_eq!(compared, 6 * 15 - 9, "all but those the originals have no single step of");
}

#[test]
fn timesteps_of_diffusers() {
    let file = golden_file();
    for count in COUNTS {
        let spaced = [
            ("trailing", timesteps(Spacing::Trailing, count, 1000)),
            ("linspace", timesteps(Spacing::Linspace, count, 1000)),
            ("leading", timesteps(Spacing::Leading { offset: 1 }, count, 1000)),
            ("lcm", consistency_timesteps(count, 50, 1000)),
        ];
        for (name, found) in spaced {
            let found: Vec<f32> = found.into_iter().map(|t| t as f32).collect();
            assert_eq!(found, golden(&file, &format!("timesteps.{name}.{count}")), "{name} {count}");
        }
    }
    assert_eq!(timesteps(Spacing::Leading { offset: 1 }, 5, 1000), [801.0, 601.0, 401.0, 201.0, 1.0]);
}

#[test]
fn every_schedule_falls_for_every_number_of_steps() {
    let table = NoiseTable::stable_diffusion();
    for schedule in
        [Schedule::Automatic, Schedule::Leading, Schedule::Lcm, Schedule::Turbo, Schedule::Ddim, Schedule::Beta]
    {
        for steps in (1..=40).chain([150]) {
            let sigmas = schedule.sigmas(steps, &table, &Shape::default());
            assert!(sigmas.len() > steps || schedule == Schedule::Lcm, "{schedule:?} {steps}");
            // Fifty timesteps are all a latent-consistency network knows.
            let falls = sigmas.windows(2).all(|pair| pair[0] > pair[1]);
            assert!(falls || (schedule == Schedule::Lcm && steps > 50), "{schedule:?} {steps}: {sigmas:?}");
        }
    }
    assert!(Schedule::Karras.sigmas(0, &table, &Shape::default()).is_empty());
}

#[test]
fn steps_by_strength() {
    let cases = [
        (Strength::A1111, 20, 0.75, (20, 4)),
        (Strength::A1111, 20, 1.0, (20, 0)),
        (Strength::A1111, 20, 0.0, (20, 19)),
        (Strength::A1111, 50, 0.3, (50, 34)),
        (Strength::A1111, 0, 0.5, (0, 0)),
        (Strength::A1111Exact, 20, 0.5, (40, 20)),
        (Strength::A1111Exact, 20, 1.0, (20, 0)),
        (Strength::A1111Exact, 20, 0.0, (0, 0)),
        (Strength::A1111Exact, 1000, 1.0, (1001, 1)),
        (Strength::Diffusers, 50, 0.8, (50, 10)),
        (Strength::Diffusers, 50, 0.0, (50, 50)),
        (Strength::Diffusers, 50, 1.0, (50, 0)),
    ];
    for (rule, steps, strength, expected) in cases {
        assert_eq!(denoise_steps(rule, steps, strength), expected, "{rule:?} {steps} {strength}");
    }
}
