-- How often each token was used; counted from this schema on.
ALTER TABLE token ADD COLUMN uses INTEGER NOT NULL DEFAULT 0;
