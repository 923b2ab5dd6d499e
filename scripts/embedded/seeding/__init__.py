"""A believable community for the local sites: pure functions of a seed and a number make people, follows, posts and pictures.

words, talk        what people are called and what they say, in several languages
chance             numbers that look random and are always the same
people, posts      rows of the tables, each a function of its number alone, so that any part can be made again
drawing            the pictures
filling            brings all of it into the primary's database, no faster than the standbys follow
"""
