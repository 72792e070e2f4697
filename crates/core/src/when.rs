//! The one time grammar of the house: everything that may be written where an instant or a span is asked for.
//!
//! Kept out: the clock (`now` is a parameter), time zones beyond fixed offsets, and what a field does with its
//! instant: only [`When::ahead`] knows that an expiry is one.

use crate::clock::to_millis;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Span, Timestamp};
use std::ops::RangeInclusive;
use std::str::FromStr;

const FORMS: &str = "must be a time: `30d`, `now+14d`, `now+1M/d` (units m h d w M y), `2030-01-25`, \
                     `2030-01-25T05:57:01+01:00`, milliseconds since 1970, or `never`";
const NO_DATE: &str = "must be a date and a time of day that exist";
const RANGE: &str = "must lie between 0000-01-01 and 9999-12-30; what has no end is `never`";
const SPANS: &str = "must be a span: `0`, or a number and one of s m h d w, such as `90s`, `24h` or `7d`";

/// The first instant whose year has four digits on the wire; the last one is the last that jiff has.
const FIRST: Timestamp = Timestamp::constant(-62_167_219_200, 0);

/// What a time text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// This instant, in whole milliseconds.
    At(Timestamp),
    /// No instant at all.
    Never,
}

/// Reads any accepted form; the error is a clause that continues "`expires` …".
///
/// Dynatrace's grammar (its contract, section 6), and `30d` for that long from now, RFC 3339 and `never`. Months and
/// years are the calendar's, a day beyond the month's end is its last day, weeks start on Monday, all in UTC.
pub fn parse(text: &str, now: Timestamp) -> Result<When, String> {
    if text.trim().is_empty() {
        return Err(format!("must not be blank: it {FORMS}"));
    }
    let at = if text == "never" {
        return Ok(When::Never);
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        epoch(text)?
    } else if let Some(rest) = text.strip_prefix("now") {
        Shift::after_now(rest).ok_or(FORMS)?.from(now).ok_or(RANGE)?
    } else if let Some(shift) = Shift::bare(text) {
        shift.from(now).ok_or(RANGE)?
    } else {
        Written::read(text).ok_or(FORMS)?.instant()?
    };
    if at < FIRST { Err(RANGE.into()) } else { Ok(When::At(at)) }
}

impl When {
    /// As an expiry: it must lie ahead of `now`, and none is for ever.
    pub fn ahead(self, now: Timestamp) -> Result<Option<Timestamp>, String> {
        match self {
            Self::At(at) if at <= now => Err("must lie in the future".into()),
            Self::At(at) => Ok(Some(at)),
            Self::Never => Ok(None),
        }
    }
}

/// Reads a length of time that may be nothing, as for a rotation's overlap: `0`, `90s`, `30m`, `24h`, `7d`, `2w`.
/// The longest is some 19 million years: add it to an instant only checked or saturating.
pub fn span(text: &str) -> Result<SignedDuration, String> {
    let seconds = || {
        let mut rest = Rest(text);
        let count = rest.count()?;
        let unit = match rest.one_of("smhdw") {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            Some(_) => 604_800,
            None if text == "0" => 0,
            None => return None,
        };
        rest.end().map(|()| count * unit)
    };
    seconds().map(SignedDuration::from_secs).ok_or_else(|| SPANS.into())
}

/// A length of time in whole seconds, rounded up: whoever waits so long has waited long enough.
pub fn whole_seconds(span: SignedDuration) -> SignedDuration {
    SignedDuration::from_secs(span.as_secs() + i64::from(span.subsec_nanos() > 0))
}

/// The one form of instants on the wire: `2026-03-18T10:20:30.456Z`, always with three digits, always UTC.
pub fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Milliseconds since 1970. (A count of seconds is a day in January 1970, which [`When::ahead`] refuses.)
fn epoch(text: &str) -> Result<Timestamp, &'static str> {
    let millis = if text.len() <= 15 { text.parse().ok() } else { None };
    millis.and_then(|millis| Timestamp::from_millisecond(millis).ok()).ok_or(RANGE)
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// A distance from now, and the unit whose beginning is meant, if any.
struct Shift {
    count: i64,
    unit: Unit,
    align: Option<Unit>,
}

impl Shift {
    /// What may follow `now`: `+14d`, `-1y/w`, `/d` or nothing.
    fn after_now(text: &str) -> Option<Self> {
        let mut rest = Rest(text);
        let (count, unit) = match rest.one_of("+-") {
            Some('-') => (-rest.count()?, rest.unit()?),
            Some(_) => (rest.count()?, rest.unit()?),
            None => (0, Unit::Minute),
        };
        let align = if rest.one_of("/").is_some() { Some(rest.unit()?) } else { None };
        rest.end().map(|()| Self { count, unit, align })
    }

    /// `30d`: that long from now on.
    fn bare(text: &str) -> Option<Self> {
        let mut rest = Rest(text);
        let shift = Self { count: rest.count()?, unit: rest.unit()?, align: None };
        rest.end().map(|()| shift)
    }

    /// The instant meant, unless it is beyond what an instant can be. Shifts first, then aligns.
    fn from(&self, now: Timestamp) -> Option<Timestamp> {
        let (span, count) = (Span::new(), self.count);
        let span = match self.unit {
            Unit::Minute => span.try_minutes(count),
            Unit::Hour => span.try_hours(count),
            Unit::Day => span.try_days(count),
            Unit::Week => span.try_weeks(count),
            Unit::Month => span.try_months(count),
            Unit::Year => span.try_years(count),
        };
        let shifted = Offset::UTC.to_datetime(to_millis(now)).checked_add(span.ok()?).ok()?;
        let aligned = self.align.map_or(shifted, |unit| align(shifted, unit));
        Offset::UTC.to_timestamp(aligned).ok()
    }
}

/// The beginning of the unit that `at` lies in.
fn align(at: DateTime, unit: Unit) -> DateTime {
    let date = at.date();
    let midnight = |date: Date| date.to_datetime(Time::midnight());
    match unit {
        Unit::Minute => date.at(at.hour(), at.minute(), 0, 0),
        Unit::Hour => date.at(at.hour(), 0, 0, 0),
        Unit::Day => midnight(date),
        Unit::Week => midnight(date.saturating_sub(Span::new().days(date.weekday().to_monday_zero_offset()))),
        Unit::Month => midnight(date.first_of_month()),
        Unit::Year => midnight(date.first_of_year()),
    }
}

/// A date, time and offset as they were written: well-formed, but perhaps no day of any calendar.
#[derive(Default)]
struct Written {
    date: (i16, i8, i8),
    time: (i8, i8, i8),
    millis: i32,
    offset_minutes: i32,
}

impl Written {
    /// `2030-01-25`, which is its midnight, or that with a time: seconds, their fraction and the offset may be missing.
    fn read(text: &str) -> Option<Self> {
        let mut rest = Rest(text);
        let year = rest.number(4)?;
        rest.one_of("-")?;
        let month = rest.number(2)?;
        rest.one_of("-")?;
        let mut written = Self { date: (year, month, rest.number(2)?), ..Self::default() };
        if rest.end().is_some() {
            return Some(written);
        }
        rest.one_of("Tt ")?;
        written.time = (rest.number(2)?, rest.after(":")?.number(2)?, 0);
        if let Some(rest) = rest.after(":") {
            written.time.2 = rest.number(2)?;
            if let Some(rest) = rest.after(".") {
                let digits = rest.digits(1..=9)?.bytes().chain(std::iter::repeat(b'0'));
                written.millis = digits.take(3).fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0'));
            }
        }
        written.offset_minutes = rest.offset_minutes()?;
        rest.end().map(|()| written)
    }

    fn instant(&self) -> Result<Timestamp, &'static str> {
        let (year, month, day) = self.date;
        let (hour, minute, second) = self.time;
        let at = DateTime::new(year, month, day, hour, minute, second, self.millis * 1_000_000);
        let offset = Offset::from_seconds(self.offset_minutes * 60).map_err(|_| FORMS)?;
        offset.to_timestamp(at.map_err(|_| NO_DATE)?).map_err(|_| RANGE)
    }
}

/// What is left to read. Every step takes its piece off the front, or says `None` if another thing stands there.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn one_of(&mut self, set: &str) -> Option<char> {
        let first = self.0.chars().next().filter(|first| set.contains(*first))?;
        self.0 = &self.0[first.len_utf8()..];
        Some(first)
    }

    fn after(&mut self, set: &str) -> Option<&mut Self> {
        self.one_of(set).map(|_| self)
    }

    fn digits(&mut self, count: RangeInclusive<usize>) -> Option<&'a str> {
        let found = self.0.bytes().take(*count.end()).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(found);
        count.contains(&found).then(|| self.0 = rest)?;
        Some(digits)
    }

    fn number<T: FromStr>(&mut self, digits: usize) -> Option<T> {
        self.digits(digits..=digits)?.parse().ok()
    }

    fn count(&mut self) -> Option<i64> {
        self.digits(1..=9)?.parse().ok()
    }

    fn unit(&mut self) -> Option<Unit> {
        Some(match self.one_of("mhdwMy")? {
            'm' => Unit::Minute,
            'h' => Unit::Hour,
            'd' => Unit::Day,
            'w' => Unit::Week,
            'M' => Unit::Month,
            _ => Unit::Year,
        })
    }

    /// `Z`, `+01`, `+0130`, `-01:30` or nothing. A `+` that was not encoded in a query arrives as a space.
    fn offset_minutes(&mut self) -> Option<i32> {
        let sign = match self.one_of("Zz+- ") {
            None | Some('Z' | 'z') => return Some(0),
            Some('-') => -1,
            Some(_) => 1,
        };
        let hours: i32 = self.number(2)?;
        let colon = self.one_of(":").is_some();
        let minutes: i32 = if colon || self.end().is_none() { self.number(2)? } else { 0 };
        (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
    }

    fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The wire form of what `text` means at `now`, or the complaint.
    fn read(text: &str, now: &str) -> Result<String, String> {
        parse(text, at(now)).map(|when| match when {
            When::At(at) => iso(at),
            When::Never => "never".into(),
        })
    }

    const WEDNESDAY: &str = "2026-03-18T10:20:30.456Z";

    #[test]
    fn the_contracts_vectors() {
        for (text, meant) in [
            ("now+14d", "2026-04-01T10:20:30.456Z"),
            ("now+6M", "2026-09-18T10:20:30.456Z"),
            ("now+1y", "2027-03-18T10:20:30.456Z"),
            ("now+90m", "2026-03-18T11:50:30.456Z"),
            ("now-1y/w", "2025-03-17T00:00:00.000Z"),
            ("1893456000000", "2030-01-01T00:00:00.000Z"),
            ("1893456000", "1970-01-22T21:57:36.000Z"),
            ("2030-01-25T05:57:01.123+01:00", "2030-01-25T04:57:01.123Z"),
            ("2030-01-25 05:57", "2030-01-25T05:57:00.000Z"),
            ("2030-01-25T05:57Z", "2030-01-25T05:57:00.000Z"),
            ("2030-01-25 05:57:01.1", "2030-01-25T05:57:01.100Z"),
            ("now+1d/d", "2026-03-19T00:00:00.000Z"),
            ("now+1w/w", "2026-03-23T00:00:00.000Z"),
            ("now+1M/M", "2026-04-01T00:00:00.000Z"),
            ("now+1y/y", "2027-01-01T00:00:00.000Z"),
            ("now+12h/d", "2026-03-18T00:00:00.000Z"),
            ("now", "2026-03-18T10:20:30.456Z"),
            ("now-14d", "2026-03-04T10:20:30.456Z"),
            ("now/d", "2026-03-18T00:00:00.000Z"),
            ("now/m", "2026-03-18T10:20:00.000Z"),
            ("now/h", "2026-03-18T10:00:00.000Z"),
            ("2030-01-25", "2030-01-25T00:00:00.000Z"),
            ("2022-07-01T00:00:00.000+00:00", "2022-07-01T00:00:00.000Z"),
            ("2030-01-25T05:57:01 01:00", "2030-01-25T04:57:01.000Z"),
        ] {
            assert_eq!(read(text, WEDNESDAY).as_deref(), Ok(meant), "{text}");
        }
    }

    #[test]
    fn our_own_forms() {
        for (text, meant) in [
            ("30d", "2026-04-17T10:20:30.456Z"),
            ("2w", "2026-04-01T10:20:30.456Z"),
            ("1M", "2026-04-18T10:20:30.456Z"),
            ("1m", "2026-03-18T10:21:30.456Z"),
            ("000000012h", "2026-03-18T22:20:30.456Z"),
            ("never", "never"),
            ("2030-01-25t05:57:01z", "2030-01-25T05:57:01.000Z"),
            ("2030-01-25T05:57:01.123999999Z", "2030-01-25T05:57:01.123Z"),
            ("2030-01-25T05:57-0130", "2030-01-25T07:27:00.000Z"),
            ("2030-01-25T05:57+02", "2030-01-25T03:57:00.000Z"),
            ("0", "1970-01-01T00:00:00.000Z"),
            ("9999-12-30T21:59:59.999Z", "9999-12-30T21:59:59.999Z"),
            ("0000-01-01", "0000-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(read(text, WEDNESDAY).as_deref(), Ok(meant), "{text}");
        }
    }

    #[test]
    fn months_and_years_are_cut_to_the_months_end() {
        for (text, now, meant) in [
            ("now+1M", "2026-01-31T10:00:00Z", "2026-02-28T10:00:00.000Z"),
            ("now+1y", "2028-02-29T10:00:00Z", "2029-02-28T10:00:00.000Z"),
            ("now-1M", "2028-03-31T10:00:00Z", "2028-02-29T10:00:00.000Z"),
            ("now/w", "2026-03-16T00:00:00Z", "2026-03-16T00:00:00.000Z"),
            ("now/w", "2026-03-22T23:59:59.999Z", "2026-03-16T00:00:00.000Z"),
        ] {
            assert_eq!(read(text, now).as_deref(), Ok(meant), "{text} at {now}");
        }
        assert_eq!(read("now", "2026-03-18T10:20:30.456999Z").as_deref(), Ok(WEDNESDAY));
        assert_eq!(iso(at("2026-03-18T10:20:30.456999Z")), WEDNESDAY);
    }

    #[test]
    fn what_is_never_a_time() {
        for (text, why) in [
            (
                "now+1D now+1H NOW+1d now+1s now+1.5d now+1d+1h now+ now/q +14d tomorrow now-d now/ now+1d/ now+1d/dd \
                 30D -30d 30d/d 1234567890d Never 1.5 -1 1-1-1 2030-1-25 2030-01-25Z 2030-01-25T \
                 2030-01-25T05 2030-01-25T05:57:01. 2030-01-25T05:57:01,5 2030-01-25T05:57:01.1234567890Z \
                 2030-01-25T05:57+1 2030-01-25T05:57+01: 2030-01-25T05:57+24:00 2030-01-25T05:57+01:60 \
                 2030-01-25T05:57[UTC] 20300125T0557 ２０３０-01-25 +2030-01-25",
                FORMS,
            ),
            ("2030-02-30T00:00 2030-13-01 2029-02-29 2030-00-10 2030-01-25T24:00 2030-01-25T05:60", NO_DATE),
            (
                "now+999999999y now+999999999d now-3000y now-2027y 999999999M 999999999999999 1234567890123456 \
                 9999-12-31T23:59:59Z 0000-01-01T00:00+01:00",
                RANGE,
            ),
        ] {
            for text in text.split_whitespace() {
                assert_eq!(read(text, WEDNESDAY), Err(why.to_owned()), "{text}");
            }
        }
        for blank in ["", " ", "\t\n"] {
            assert!(read(blank, WEDNESDAY).unwrap_err().starts_with("must not be blank"), "{blank:?}");
        }
        for spaced in [" now", "now+1d\n", " 30d", "2030-01-25  05:57", "now 14d", "30 d", "never "] {
            assert_eq!(read(spaced, WEDNESDAY), Err(FORMS.to_owned()), "{spaced:?}");
        }
    }

    #[test]
    fn an_expiry_lies_ahead() {
        let now = at(WEDNESDAY);
        let ahead = |text| parse(text, now).unwrap().ahead(now);
        for past in ["now", "now-14d", "now/d", "now+12h/d", "now-1y/w", "1893456000", "0d", "2026-03-18"] {
            assert_eq!(ahead(past), Err("must lie in the future".to_owned()), "{past}");
        }
        assert_eq!(ahead("now+14d"), Ok(Some(at("2026-04-01T10:20:30.456Z"))));
        assert_eq!(ahead("never"), Ok(None));
    }

    #[test]
    fn spans() {
        for (text, seconds) in [
            ("0", 0),
            ("0s", 0),
            ("90s", 90),
            ("30m", 1_800),
            ("24h", 86_400),
            ("7d", 604_800),
            ("2w", 1_209_600),
        ] {
            assert_eq!(span(text), Ok(SignedDuration::from_secs(seconds)), "{text}");
        }
        assert!(span("999999999w").is_ok());
        for bad in ["", " ", "1", "00", "-1h", "+1h", "1M", "1y", "1.5h", "1h30m", "1 h", "h", "1234567890s"]
        {
            assert_eq!(span(bad), Err(SPANS.to_owned()), "{bad:?}");
        }
    }

    fn instants() -> impl Strategy<Value = Timestamp> {
        (FIRST.as_millisecond()..=Timestamp::MAX.as_millisecond())
            .prop_map(|millis| Timestamp::from_millisecond(millis).unwrap())
    }

    /// Texts of the grammar's own letters, which get further in than arbitrary ones.
    fn near_misses() -> impl Strategy<Value = String> {
        prop_oneof!["(now|never)?[-+/0-9mhdwMyTZ:. ]{0,30}", any::<String>()]
    }

    proptest! {
        #[test]
        fn aligning_is_idempotent_and_never_looks_ahead(now in instants(), shift in 0_i64..5_000, unit in 0_usize..6) {
            let unit = [Unit::Minute, Unit::Hour, Unit::Day, Unit::Week, Unit::Month, Unit::Year][unit];
            let shifted = Offset::UTC.to_datetime(now).saturating_add(Span::new().hours(shift));
            let aligned = align(shifted, unit);
            prop_assert!(aligned <= shifted);
            prop_assert_eq!(align(aligned, unit), aligned);
        }

        #[test]
        fn the_wire_form_is_read_back(now in instants()) {
            prop_assert_eq!(iso(now).len(), WEDNESDAY.len());
            prop_assert_eq!(parse(&iso(now), Timestamp::UNIX_EPOCH), Ok(When::At(now)));
        }

        #[test]
        fn what_is_read_has_whole_milliseconds(text in near_misses(), now in any::<i64>()) {
            let now = Timestamp::from_nanosecond(now.into()).unwrap();
            if let Ok(When::At(at)) = parse(&text, now) {
                prop_assert_eq!(to_millis(at), at);
                prop_assert_eq!(parse(&iso(at), now), Ok(When::At(at)));
            }
            let _ = span(&text);
        }
    }
}
