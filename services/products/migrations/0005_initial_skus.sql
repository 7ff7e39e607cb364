-- Article numbers that a shop began with, see the parameter `initial` of the import. They stay when their products go.
CREATE TABLE initial_skus (
    sku text PRIMARY KEY,
    loaded_at timestamptz NOT NULL DEFAULT now()
);
