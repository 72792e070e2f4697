-- Every exchange asks which sessions of its principal count: a robot has many that ended, and they stay for a day.
CREATE INDEX session_live ON session (principal, dialect, expires) WHERE ended IS NULL;
