//! Schedules found by optimisation and printed as tables, interpolated to other step counts. Numbers: Sabour et al., "Align
//! your steps", 2024 (project page) and Chen et al., "On the trajectory regularity of ODE-based diffusion sampling", 2024
//! (GITS), as in lllyasviel/stable-diffusion-webui-forge@dfdcbab `modules/sd_schedulers.py`; equal within 1e-6 relative.

/// Which network the table was found on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// Stable Diffusion 1 and 2.
    #[default]
    StableDiffusion,
    /// Stable Diffusion XL.
    Xl,
}

/// Which printed table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// "Align your steps", eleven levels.
    Steps11,
    /// The same for 32 levels.
    Steps32,
    /// GITS, eleven levels.
    Gits,
}

/// `steps` levels of a table, straight in the logarithm; the final 0 is the caller's.
#[must_use]
pub(super) fn levels(table: Table, family: Family, steps: usize) -> Vec<f64> {
    let printed = printed(table, family);
    let last = printed.len() - 1;
    let at = |i: usize| {
        let place = if steps > 1 { i as f64 / (steps - 1) as f64 * last as f64 } else { 0.0 };
        let low = (place.floor() as usize).min(last - 1);
        let share = place - low as f64;
        ((1.0 - share) * printed[low].ln() + share * printed[low + 1].ln()).exp()
    };
    (0..steps).map(at).collect()
}

fn printed(table: Table, family: Family) -> &'static [f64] {
    match (table, family) {
        (Table::Steps11, Family::StableDiffusion) => &STEPS_11,
        (Table::Steps11, Family::Xl) => &STEPS_11_XL,
        (Table::Steps32, Family::StableDiffusion) => &STEPS_32,
        (Table::Steps32, Family::Xl) => &STEPS_32_XL,
        (Table::Gits, Family::StableDiffusion) => &GITS,
        (Table::Gits, Family::Xl) => &GITS_XL,
    }
}

const STEPS_11: [f64; 11] = [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029];

const STEPS_11_XL: [f64; 11] = [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029];

const GITS: [f64; 11] = [14.615, 4.617, 2.507, 1.236, 0.702, 0.402, 0.240, 0.156, 0.104, 0.094, 0.029];

const GITS_XL: [f64; 11] = [14.615, 4.734, 2.567, 1.529, 0.987, 0.652, 0.418, 0.268, 0.179, 0.127, 0.029];

const STEPS_32: [f64; 32] = [
    14.615,
    11.239_513_52,
    8.643_630_81,
    6.647_294_24,
    5.572_508_62,
    4.716_485_46,
    3.991_960_65,
    3.519_560_9,
    3.134_904_66,
    2.792_287_88,
    2.487_736_28,
    2.216_638_65,
    1.975_083_51,
    1.779_317_2,
    1.614_753_35,
    1.465_409_53,
    1.314_849,
    1.166_424_97,
    1.034_755_47,
    0.915_737_44,
    0.807_481_69,
    0.712_023_61,
    0.621_739,
    0.530_652_02,
    0.452_909_6,
    0.374_914_55,
    0.274_618_19,
    0.201_152_9,
    0.141_058_73,
    0.066_828_81,
    0.031_661_21,
    0.015,
];

const STEPS_32_XL: [f64; 32] = [
    14.615,
    11.149_161_8,
    8.505_221_27,
    6.488_271_51,
    5.437_074_02,
    4.603_986_19,
    3.898_547_04,
    3.274_074_57,
    2.743_965_27,
    2.299_686_59,
    1.954_485_14,
    1.671_087_15,
    1.428_781_52,
    1.231_810_09,
    1.067_896_49,
    0.925_794_43,
    0.802_908_86,
    0.696_601_21,
    0.604_369_03,
    0.528_525_52,
    0.467_733_44,
    0.413_933_79,
    0.362_581_86,
    0.310_085_17,
    0.265_189_25,
    0.223_264_61,
    0.176_538_77,
    0.139_591_92,
    0.105_873_81,
    0.055_193_69,
    0.028_773_34,
    0.015,
];
