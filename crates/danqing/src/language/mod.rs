//! English and Chinese: which one, the texts of the command line, and messages of the libraries in Chinese.

mod catalogue;
mod texts;

pub(crate) use catalogue::translated;

/// Language of help and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// English.
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// From `--lang` in the arguments, else the locale. Read before the arguments are parsed, because the parser's own
    /// help and errors are in this language too; an unknown `--lang` is refused by the parser afterwards.
    pub(crate) fn chosen(arguments: &[std::ffi::OsString], locale: impl Fn(&str) -> Option<String>) -> Self {
        let typed = arguments.iter().take_while(|a| *a != "--").collect::<Vec<_>>();
        let after =
            typed.iter().rposition(|a| *a == "--lang").and_then(|at| typed.get(at + 1)).and_then(|a| a.to_str());
        let joined = typed.iter().rev().find_map(|a| a.to_str()?.strip_prefix("--lang="));
        match after.or(joined).and_then(Self::named) {
            Some(language) => language,
            None => Self::of_locale(locale),
        }
    }

    /// `en` or `zh`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "en" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }

    /// `en` or `zh`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }

    /// The first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set decides, as POSIX says.
    fn of_locale(locale: impl Fn(&str) -> Option<String>) -> Self {
        let first = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(locale).find(|value| !value.is_empty());
        if first.is_some_and(|value| value.starts_with("zh")) { Self::Chinese } else { Self::English }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(arguments: &[&str], locale: &[(&str, &str)]) -> Language {
        let arguments: Vec<_> = arguments.iter().map(Into::into).collect();
        let find = |name: &str| locale.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Language::chosen(&arguments, find)
    }

    #[test]
    fn the_option_wins_over_the_locale() {
        use Language::{Chinese, English};
        let cases = [
            (&["danqing"][..], &[][..], English),
            (&["danqing"], &[("LANG", "zh_CN.UTF-8")], Chinese),
            (&["danqing"], &[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")], English),
            (&["danqing"], &[("LANG", "en_US"), ("LC_MESSAGES", "zh_TW"), ("LC_ALL", "")], Chinese),
            (&["danqing", "--lang", "zh"], &[], Chinese),
            (&["danqing", "--lang=en", "doctor"], &[("LANG", "zh")], English),
            (&["danqing", "--lang", "fr"], &[("LANG", "zh")], Chinese),
            (&["danqing", "erase", "--", "--lang=zh"], &[], English),
        ];
        for (arguments, locale, expected) in cases {
            assert_eq!(chosen(arguments, locale), expected, "{arguments:?} {locale:?}");
        }
    }
}
