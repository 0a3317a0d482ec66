"""What a merchant's wallets took, how his checkouts ended and what became of his messages: Merchant Overview."""
