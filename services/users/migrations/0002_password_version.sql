-- Counts the passwords an account has had. Whoever read an older number works with a password that is not the
-- account's any more; a hash that is only renewed at another cost keeps the number.
ALTER TABLE users ADD COLUMN password_version integer NOT NULL DEFAULT 1;
