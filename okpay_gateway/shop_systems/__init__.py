"""Point an OKPAY module of a shop system at this server: public pages, and a form for what is missing there."""
