//! Templates of configurations: each line is written once for each value of the name in it, and not at all if there is
//! none. Kept out: what the values are.

use std::collections::BTreeMap;

/// What `{{name}}` stands for, by name.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<String, Vec<String>>);

impl Values {
    /// One value.
    pub(super) fn one(&mut self, name: &str, value: &impl ToString) {
        self.many(name, vec![value.to_string()]);
    }

    /// As many as there are. Names in one line that have several have equally many.
    pub(super) fn many(&mut self, name: &str, values: Vec<String>) {
        self.0.insert(name.to_owned(), values);
    }
}

/// The template with everything filled in.
pub(super) fn fill(template: &str, values: &Values) -> String {
    let mut filled = String::new();
    for line in template.lines() {
        let named: Vec<_> = values
            .0
            .iter()
            .map(|(name, values)| (format!("{{{{{name}}}}}"), values))
            .filter(|(name, _)| line.contains(name))
            .collect();
        let lengths = || named.iter().map(|(_, values)| values.len());
        let times = if lengths().any(|length| length == 0) { 0 } else { lengths().max().unwrap_or(1) };
        for time in 0..times {
            let mut line = line.to_owned();
            for (name, values) in &named {
                line = line.replace(name, values.get(time).or(values.first()).map_or("", String::as_str));
            }
            filled.push_str(&line);
            filled.push('\n');
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_once_for_each_value() {
        let mut values = Values::default();
        values.one("gate", &"front");
        values.many("set", vec!["A".into(), "B".into()]);
        values.many("set_", vec!["a".into(), "b".into()]);
        values.many("none", Vec::new());
        let filled = fill("{{gate}}: {\n  {{set}}={{set_}} {{gate}}\n  {{none}} {{gate}}\n}", &values);
        assert_eq!(filled, "front: {\n  A=a front\n  B=b front\n}\n");
    }
}
