-- Search by words and by similarity, and an index for every order of the list. pg_trgm is a trusted extension: the owner
-- of the database may create it; IF NOT EXISTS is for servers where the administrator has done so.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
ALTER TABLE products ADD COLUMN search tsvector NOT NULL GENERATED ALWAYS AS (
    setweight(to_tsvector('pg_catalog.english', name), 'A')
    || setweight(to_tsvector('pg_catalog.simple', coalesce(sku, '')), 'A')
    || setweight(to_tsvector('pg_catalog.english', replace(coalesce(category, ''), '-', ' ')), 'B')
    || setweight(to_tsvector('pg_catalog.english', description), 'C')
) STORED;
CREATE INDEX products_search ON products USING gin (search);
CREATE INDEX products_similar_name ON products USING gin (name gin_trgm_ops);
CREATE INDEX products_by_created_at ON products (created_at, id);
CREATE INDEX products_by_name ON products (lower(name), id);
CREATE INDEX products_by_price ON products (price, id);
