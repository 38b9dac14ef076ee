//! Days of the week, which two traditions number differently.

const NAMES: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Reads a field, and writes it in the numbers of the `cron` crate, where 1 is Sunday.
///
/// In a classic field 0 and 7 are Sunday, otherwise 1 is; names are the same in both, and a range
/// of names may go over the end of the week.
pub(super) fn of_week(field: &str, is_classic: bool) -> Result<String, String> {
    let mut is_in = [false; 7];
    for item in field.split(',') {
        for day in days(item, is_classic)? {
            is_in[day] = true;
        }
    }
    if is_in == [true; 7] {
        return Ok("*".to_owned());
    }
    let numbers = (1..).zip(is_in).filter(|(_, is_in)| *is_in);
    let numbers: Vec<String> = numbers.map(|(number, _)| number.to_string()).collect();
    Ok(numbers.join(","))
}

/// Returns the first range of numbers in a field where 1 is Sunday, and its days by name.
pub(super) fn numeric_range(field: &str) -> Option<(&str, String)> {
    field.split(',').find_map(|item| {
        let range = item.split('/').next()?;
        let (from, to) = range.split_once('-')?;
        let name = |text: &str| NAMES.get(text.parse::<usize>().ok()?.checked_sub(1)?);
        Some((range, format!("{}-{}", name(from)?, name(to)?)))
    })
}

/// Returns the days of one item of a list, 0 for Sunday.
fn days(item: &str, is_classic: bool) -> Result<Vec<usize>, String> {
    let wrong = || {
        let numbers = if is_classic { "0-7" } else { "1-7" };
        format!(
            "the day of the week {item:?} is not *, a day of SUN-SAT or {numbers}, a range, a list or a step"
        )
    };
    let (range, step) = match item.split_once('/') {
        None => (item, None),
        Some((range, step)) => (range, Some(step.parse().map_err(|_| wrong())?)),
    };
    if step == Some(0) {
        return Err(wrong());
    }
    let (from, to) = if range == "*" || range == "?" {
        (0, 6)
    } else if let Some((from, to)) = range.split_once('-') {
        ends(from, to, is_classic).ok_or_else(wrong)?
    } else {
        let day = day(range, is_classic).ok_or_else(wrong)?;
        (day, if step.is_some() { day.max(6) } else { day })
    };
    let days = (from..=to).step_by(step.unwrap_or(1));
    Ok(days.map(|day| day % 7).collect())
}

/// Returns the ends of a range, the second of which may be in the next week.
fn ends(from: &str, to: &str, is_classic: bool) -> Option<(usize, usize)> {
    let are_names = named(from).is_some() && named(to).is_some();
    let (from, to) = (day(from, is_classic)?, day(to, is_classic)?);
    match from <= to {
        true => Some((from, to)),
        false if are_names => Some((from, to + 7)),
        false => None,
    }
}

/// Returns a day, 0 for Sunday, which in a classic field may be 7, too.
fn day(text: &str, is_classic: bool) -> Option<usize> {
    if let Some(day) = named(text) {
        return Some(day);
    }
    let number: usize = text.parse().ok()?;
    match is_classic {
        true => (number <= 7).then_some(number),
        false => number.checked_sub(1).filter(|day| *day < 7),
    }
}

fn named(text: &str) -> Option<usize> {
    let start = text.get(..3)?;
    let is_whole = |day: &str| {
        let long = [
            "SUNDAY",
            "MONDAY",
            "TUESDAY",
            "WEDNESDAY",
            "THURSDAY",
            "FRIDAY",
            "SATURDAY",
        ];
        text.eq_ignore_ascii_case(day) || long.iter().any(|it| text.eq_ignore_ascii_case(it))
    };
    NAMES
        .iter()
        .position(|day| start.eq_ignore_ascii_case(day) && is_whole(day))
}
