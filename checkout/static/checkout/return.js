// Saves the buyer a click. Without JavaScript the button does the same.
document.getElementById("return").submit();
