//! Jobs that feed each other for ever.

use super::Known;
use crate::config::finding::Findings;

/// Refuses jobs of which each writes what the next one reads, and the last what the first reads.
///
/// Only those count that run by themselves: a backup and the restore that somebody starts by hand
/// are no cycle.
pub(super) fn check(jobs: &[Known<'_>], findings: &mut Findings) {
    let jobs: Vec<_> = jobs.iter().filter(|known| known.runs_by_itself).collect();
    let next: Vec<Vec<usize>> = jobs.iter().map(|job| readers(job, &jobs)).collect();
    let mut is_done = vec![false; jobs.len()];
    for start in 0..jobs.len() {
        if let Some(cycle) = search(start, &next, &mut is_done) {
            let ids: Vec<_> = cycle
                .iter()
                .map(|index| format!("{:?}", jobs[*index].job.id.as_str()))
                .collect();
            let last = jobs[*cycle.last().expect("a cycle has jobs")];
            let message = format!(
                "jobs {} feed each other for ever: each writes what the next one reads",
                ids.join(" → ")
            );
            findings.error(last.table.origin("destination_path"), message);
        }
    }
}

/// Returns the jobs that read what a job writes. What is wrong within one job is said elsewhere.
fn readers(writer: &Known<'_>, jobs: &[&Known<'_>]) -> Vec<usize> {
    let reads = |(index, reader): (usize, &&Known<'_>)| {
        let is_other = reader.job.id != writer.job.id;
        (is_other && writer.destination.overlaps(&reader.source)).then_some(index)
    };
    jobs.iter().enumerate().filter_map(reads).collect()
}

/// Goes through everything that is reached from a job, and returns the first cycle on the way.
fn search(start: usize, next: &[Vec<usize>], is_done: &mut [bool]) -> Option<Vec<usize>> {
    if is_done[start] {
        return None;
    }
    // The way from the start, each job with how many of its readers have been gone to.
    let mut way = vec![(start, 0)];
    while let Some((job, gone)) = way.last_mut() {
        let Some(reader) = next[*job].get(*gone).copied() else {
            is_done[*job] = true;
            way.pop();
            continue;
        };
        *gone += 1;
        if let Some(begin) = way.iter().position(|(job, _)| *job == reader) {
            for (job, _) in &way {
                is_done[*job] = true;
            }
            return Some(way[begin..].iter().map(|(job, _)| *job).collect());
        }
        if !is_done[reader] {
            way.push((reader, 0));
        }
    }
    None
}
