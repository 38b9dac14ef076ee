use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::OverrideProblem;
use crate::render::files::{EMBEDDED, Part};

/// The largest template file that is read, in bytes.
const MAX_FILE: u64 = 256 * 1024;
/// A directory with more entries was made for something else.
const MAX_ENTRIES: usize = 1_000;

/// Reads the files in `directory` that are named like templates.
pub(super) fn read(
    directory: &Path,
    problems: &mut Vec<OverrideProblem>,
) -> BTreeMap<&'static str, String> {
    let mut files = BTreeMap::new();
    match file_names(directory) {
        Ok(names) => {
            for name in names {
                let path = directory.join(&name);
                match read_template(&path, &name) {
                    Ok(Some((name, text))) => {
                        files.insert(name, text);
                    }
                    Ok(None) => {}
                    Err(cause) => problems.push(problem(path, cause)),
                }
            }
        }
        Err(error) => problems.push(problem(
            directory.to_owned(),
            format!("the directory cannot be read: {error}"),
        )),
    }
    files
}

fn problem(file: PathBuf, cause: String) -> OverrideProblem {
    OverrideProblem {
        file,
        line: None,
        cause,
    }
}

fn file_names(directory: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
        if names.len() > MAX_ENTRIES {
            let cause = format!("it has more than {MAX_ENTRIES} entries");
            return Err(io::Error::other(cause));
        }
    }
    names.sort();
    Ok(names)
}

/// Reads one file, following links; files that are no templates by their name are left alone.
fn read_template(path: &Path, name: &str) -> Result<Option<(&'static str, String)>, String> {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let template = Part::ALL.iter().any(|part| part.extension() == extension);
    if name.starts_with('.') || !template {
        return Ok(None);
    }
    let Some((name, _)) = EMBEDDED.iter().find(|(known, _)| *known == name) else {
        return Err("there is no template of this name".to_owned());
    };
    let text = read_text(path).map_err(|error| error.to_string())?;
    Ok(Some((*name, text)))
}

fn read_text(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut text = String::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(io::Error::other(format!(
            "it is larger than {MAX_FILE} bytes"
        )));
    }
    Ok(text)
}
