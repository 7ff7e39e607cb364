-- What a shop shows besides name and price. All optional: the release before this one neither reads nor writes them.
ALTER TABLE products
    ADD COLUMN category text CHECK (category ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND char_length(category) <= 64),
    ADD COLUMN image_url text CHECK (char_length(image_url) <= 2000),
    ADD COLUMN sku text CHECK (char_length(sku) BETWEEN 1 AND 64);
CREATE UNIQUE INDEX products_sku ON products (sku);
CREATE INDEX products_category ON products (category);
