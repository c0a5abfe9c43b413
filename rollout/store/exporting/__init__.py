"""Plain rows for exports of a whole fleet: pages by key, texts as the database keeps them."""
