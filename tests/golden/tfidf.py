"""The cosines in crates/genrec-embed/src/tfidf/mod.rs, from scikit-learn's TF-IDF.

Needs: pip install scikit-learn. Run: python tests/golden/tfidf.py
"""

from sklearn.feature_extraction.text import TfidfVectorizer

texts = [
    "Steel screw, M4 x 20 mm. Steel, zinc plated screw",
    "steel screw M4 x 30 mm",
    "Hand cream: for dry hands; hand HAND hand",
    "Zinc cream",
]
vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)[^\W_]+")
rows = vectorizer.fit_transform(texts).toarray()
for a, b in [(0, 1), (0, 2), (0, 3), (1, 2), (2, 3)]:
    print(a, b, repr(float(rows[a] @ rows[b])))
