-- How often the product has been written; its ETag. Releases before this one do not count, and do not compare either.
ALTER TABLE products ADD COLUMN version bigint NOT NULL DEFAULT 1;
