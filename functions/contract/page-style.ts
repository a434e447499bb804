/** The page's style, light and dark. A click on a command selects all of it. */
export const PAGE_STYLE = `:root{color-scheme:light dark;--line:#8884;--back:#8881;--get:#0a7a3d;--post:#0b5cad}
@media(prefers-color-scheme:dark){:root{--get:#5fd08f;--post:#7db7f5}}
body{font:16px/1.5 system-ui,sans-serif;max-width:58rem;margin:0 auto;padding:1rem}
h1 small{font-weight:400;font-size:1rem;opacity:.7}h3{margin:1.5rem 0 .3rem}h4{margin:.8rem 0 .2rem}
code,pre{font:.85rem/1.45 ui-monospace,monospace}pre{background:var(--back);padding:.6rem .8rem;overflow-x:auto;margin:.3rem 0}
.command{user-select:all}details{border-top:1px solid var(--line);padding:.45rem 0}summary{cursor:pointer}
b{display:inline-block;min-width:3.2rem;font:600 .8rem ui-monospace,monospace}.GET{color:var(--get)}.POST{color:var(--post)}
i{opacity:.7}dl{display:grid;grid-template-columns:3rem 1fr;margin:0}dd{margin:0}ul{margin:0;padding-left:1.1rem}span{white-space:pre-wrap;font:.85rem ui-monospace,monospace}`;
