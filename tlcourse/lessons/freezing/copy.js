const code = this.parentElement.querySelector("pre");
getSelection().selectAllChildren(code);
/* The selection stays where the browser forbids copying: Ctrl+C is left to do. */
this.textContent = document.execCommand("copy") ? "Copied" : "Selected: press Ctrl+C";
