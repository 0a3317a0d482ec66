"""How Django writes dates where nobody says how: the same way in every language, in UTC and to the second."""
