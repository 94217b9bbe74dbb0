//! Memory that this process may still take, as far as the system says so (Linux): what can be had without swapping, and what
//! the control groups around the process leave.

use std::path::{Path, PathBuf};

/// Limits of version 1 of control groups that mean "none" are close to the largest number.
const NO_LIMIT: usize = 1 << 60;

/// Bytes; `None` where the system does not say.
pub(crate) fn available_memory() -> Option<usize> {
    available_in(Path::new("/proc"), Path::new("/sys/fs/cgroup"))
}

fn available_in(proc: &Path, groups: &Path) -> Option<usize> {
    let left = left_in_groups(proc, groups);
    [of_machine(proc), left].into_iter().flatten().min()
}

fn of_machine(proc: &Path) -> Option<usize> {
    let text = std::fs::read_to_string(proc.join("meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// The least that any group around the process leaves.
fn left_in_groups(proc: &Path, groups: &Path) -> Option<usize> {
    let text = std::fs::read_to_string(proc.join("self/cgroup")).unwrap_or_default();
    let lines = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once(':')?;
        rest.split_once(':')
    });
    let left = lines.filter_map(|(controllers, path)| match controllers {
        "" => least(groups, path, &VERSION_2),
        list if list.split(',').any(|controller| controller == "memory") => {
            least(&groups.join("memory"), path, &VERSION_1)
        }
        _ => None,
    });
    left.min()
}

/// Names of the files that say limit and use, and of what can be taken back in a third.
struct Files {
    limit: &'static str,
    used: &'static str,
    reclaimable: &'static str,
}

const VERSION_2: Files = Files { limit: "memory.max", used: "memory.current", reclaimable: "inactive_file" };
const VERSION_1: Files =
    Files { limit: "memory.limit_in_bytes", used: "memory.usage_in_bytes", reclaimable: "total_inactive_file" };

/// Of the group and those around it. A container may see its own group as the root.
fn least(root: &Path, path: &str, files: &Files) -> Option<usize> {
    let folder = root.join(path.trim_start_matches('/'));
    let around: Vec<PathBuf> = folder.ancestors().take_while(|at| at.starts_with(root)).map(Path::to_owned).collect();
    around.iter().filter_map(|at| left(at, files)).min()
}

fn left(group: &Path, files: &Files) -> Option<usize> {
    let number = |file: &str| std::fs::read_to_string(group.join(file)).ok()?.trim().parse::<usize>().ok();
    let limit = number(files.limit).filter(|limit| *limit < NO_LIMIT)?;
    let statistics = std::fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let mut named = statistics.lines().filter_map(|line| line.split_once(' '));
    let reclaimable = named.find(|(name, _)| *name == files.reclaimable).and_then(|(_, value)| value.parse().ok());
    let used = number(files.used).unwrap_or(0).saturating_sub(reclaimable.unwrap_or(0));
    Some(limit.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        folder
    }

    fn found(files: &[(&str, &str)]) -> Option<usize> {
        let folder = written(files);
        available_in(&folder.path().join("proc"), &folder.path().join("groups"))
    }

    const MACHINE: (&str, &str) = ("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:    4000 kB\n");

    #[test]
    fn the_least_of_machine_and_groups_counts() {
        let in_group = ("proc/self/cgroup", "0::/user/job\n");
        assert_eq!(found(&[MACHINE]), Some(4_096_000));
        assert_eq!(found(&[]), None);
        let limit = |text| [MACHINE, in_group, ("groups/user/job/memory.max", text)];
        assert_eq!(found(&limit("max\n")), Some(4_096_000));
        assert_eq!(found(&limit("1000\n")), Some(1000));
        // A group around it, what is in use, and what of it can be taken back.
        let nested = [
            MACHINE,
            in_group,
            ("groups/user/job/memory.max", "max\n"),
            ("groups/user/memory.max", "1000\n"),
            ("groups/user/memory.current", "700\n"),
            ("groups/user/memory.stat", "anon 5\ninactive_file 200\n"),
        ];
        assert_eq!(found(&nested), Some(500));
        // A container sees its own group as the root.
        assert_eq!(found(&[MACHINE, in_group, ("groups/memory.max", "800\n")]), Some(800));
    }

    #[test]
    fn version_1_of_control_groups_is_read_too() {
        let limit = |text| {
            let in_group = ("proc/self/cgroup", "3:cpu,cpuacct:/a\n2:memory:/job\n");
            [
                MACHINE,
                in_group,
                ("groups/memory/job/memory.limit_in_bytes", text),
                ("groups/memory/job/memory.usage_in_bytes", "300\n"),
            ]
        };
        assert_eq!(found(&limit("1000\n")), Some(700));
        assert_eq!(found(&limit("9223372036854771712\n")), Some(4_096_000));
    }
}
