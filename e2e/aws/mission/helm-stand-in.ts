// What the walk-through finds as `helm`: there is no chart yet. It hands what it is asked for to the tests, which install the
// controller with the same settings, and says what they answer. Usage: helm-stand-in.ts PORT ARGUMENT...
const [port, ...words] = process.argv.slice(2);
const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: JSON.stringify(words) });
console.log(await answer.text());
process.exitCode = answer.ok ? 0 : 1;
