//! Full-width characters, as Chinese input methods type them, as the plain ones they mean.

/// Digits, letters and signs of the block U+FF01 to U+FF5E and the ideographic space in half width; `×` is `x`.
pub(crate) fn half_width(text: &str) -> String {
    let plain = |c: char| match u32::from(c) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(c),
        0x3000 => ' ',
        0xD7 => 'x',
        _ => c,
    };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_becomes_plain_and_other_scripts_stay() {
        assert_eq!(half_width("４：３　１２８ｐｘ　２５％　１６×９ 江雪 4:3"), "4:3 128px 25% 16x9 江雪 4:3");
    }
}
