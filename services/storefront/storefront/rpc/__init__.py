"""Messages of shopkeeper.recommendations.v1, made by services/recommendations/generate.py."""
