// Style sheets are imported for the bundler, which lays them beside the script.

declare module '*.css';
