//! Samples that a device has taken (`CONFIG_ZONDA_SAMPLING`), in what it has printed to its console.

use std::collections::BTreeMap;

/// What the lines begin with that `zonda_sampling_print()` prints.
const PREFIX: &str = "zonda samples: ";

/// The samples of a profile.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// Of functions, by their index.
    pub functions: BTreeMap<u32, u64>,
    /// Of functions that had no count of their own.
    pub others: u64,
    /// When no function of the program ran.
    pub elsewhere: u64,
}

/// Reads the samples in a console's output: those that were printed last. Other lines, and what
/// stands before the samples in a line, are passed over.
///
/// # Errors
/// A text for the user, if there are none, or a line is damaged.
pub fn read(output: &str) -> Result<Samples, String> {
    let (mut last, mut next) = (None, Samples::default());
    for (number, line) in (1..).zip(output.lines()) {
        let Some((_, text)) = line.split_once(PREFIX) else { continue };
        let bad = || format!("line {number} is damaged: {PREFIX}{text}");
        let (what, count) = text.trim_end().rsplit_once(": ").ok_or_else(bad)?;
        let count: u64 = count.parse().map_err(|_| bad())?;
        match what {
            "other functions" => next.others = count,
            "elsewhere" => {
                // The last line.
                next.elsewhere = count;
                last = Some(std::mem::take(&mut next));
            }
            what => {
                let index = what.strip_prefix("function ").and_then(|index| index.parse().ok());
                next.functions.insert(index.ok_or_else(bad)?, count);
            }
        }
    }
    last.ok_or_else(|| format!("no samples: no line \"{PREFIX}elsewhere: …\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_samples_are_read() {
        let output = "*** Booting Zephyr ***\n\
            zonda samples: function 3: 10\n\
            zonda samples: other functions: 1\n\
            zonda samples: elsewhere: 2\n\
            [00:01] zonda samples: function 12: 345\r\n\
            zonda samples: function 7: 55\n\
            something else\n\
            zonda samples: other functions: 0\n\
            zonda samples: elsewhere: 4\n\
            zonda samples: function 1: 1\n";
        let functions = BTreeMap::from([(7, 55), (12, 345)]);
        assert_eq!(read(output), Ok(Samples { functions, others: 0, elsewhere: 4 }));
    }

    #[test]
    fn damaged_lines_are_refused() {
        for line in ["function 3: ", "function x: 3", "function: 3", "more", "elsewhere: -1"] {
            let output = format!("\n{PREFIX}{line}\n{PREFIX}elsewhere: 1\n");
            let error = read(&output).unwrap_err();
            assert!(error.starts_with("line 2 is damaged"), "{error}");
        }
        assert!(read("function 3: 10").unwrap_err().starts_with("no samples"));
    }
}
