// Where the page begins in a browser.

import { App } from './app.js';
import './page.css';
import { render } from './preact.js';

const place = document.getElementById('page');
if (place !== null) render(<App />, place);
