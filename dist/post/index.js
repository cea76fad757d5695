/******/ (() => { // webpackBootstrap
/******/ 	"use strict";
var __webpack_exports__ = {};

;// CONCATENATED MODULE: ./package.json
const package_namespaceObject = {"rE":"1.0.0"};
;// CONCATENATED MODULE: external "os"
const external_os_namespaceObject = require("os");
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/utils.js
// We use any as a valid input type
/* eslint-disable @typescript-eslint/no-explicit-any */
/**
 * Sanitizes an input into a string so it can be passed into issueCommand safely
 * @param input input to sanitize into a string
 */
function utils_toCommandValue(input) {
    if (input === null || input === undefined) {
        return '';
    }
    else if (typeof input === 'string' || input instanceof String) {
        return input;
    }
    return JSON.stringify(input);
}
/**
 *
 * @param annotationProperties
 * @returns The command properties to send with the actual annotation command
 * See IssueCommandProperties: https://github.com/actions/runner/blob/main/src/Runner.Worker/ActionCommandManager.cs#L646
 */
function utils_toCommandProperties(annotationProperties) {
    if (!Object.keys(annotationProperties).length) {
        return {};
    }
    return {
        title: annotationProperties.title,
        file: annotationProperties.file,
        line: annotationProperties.startLine,
        endLine: annotationProperties.endLine,
        col: annotationProperties.startColumn,
        endColumn: annotationProperties.endColumn
    };
}
//# sourceMappingURL=utils.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/command.js


/**
 * Issues a command to the GitHub Actions runner
 *
 * @param command - The command name to issue
 * @param properties - Additional properties for the command (key-value pairs)
 * @param message - The message to include with the command
 * @remarks
 * This function outputs a specially formatted string to stdout that the Actions
 * runner interprets as a command. These commands can control workflow behavior,
 * set outputs, create annotations, mask values, and more.
 *
 * Command Format:
 *   ::name key=value,key=value::message
 *
 * @example
 * ```typescript
 * // Issue a warning annotation
 * issueCommand('warning', {}, 'This is a warning message');
 * // Output: ::warning::This is a warning message
 *
 * // Set an environment variable
 * issueCommand('set-env', { name: 'MY_VAR' }, 'some value');
 * // Output: ::set-env name=MY_VAR::some value
 *
 * // Add a secret mask
 * issueCommand('add-mask', {}, 'secretValue123');
 * // Output: ::add-mask::secretValue123
 * ```
 *
 * @internal
 * This is an internal utility function that powers the public API functions
 * such as setSecret, warning, error, and exportVariable.
 */
function command_issueCommand(command, properties, message) {
    const cmd = new Command(command, properties, message);
    process.stdout.write(cmd.toString() + external_os_namespaceObject.EOL);
}
function command_issue(name, message = '') {
    command_issueCommand(name, {}, message);
}
const CMD_STRING = '::';
class Command {
    constructor(command, properties, message) {
        if (!command) {
            command = 'missing.command';
        }
        this.command = command;
        this.properties = properties;
        this.message = message;
    }
    toString() {
        let cmdStr = CMD_STRING + this.command;
        if (this.properties && Object.keys(this.properties).length > 0) {
            cmdStr += ' ';
            let first = true;
            for (const key in this.properties) {
                if (this.properties.hasOwnProperty(key)) {
                    const val = this.properties[key];
                    if (val) {
                        if (first) {
                            first = false;
                        }
                        else {
                            cmdStr += ',';
                        }
                        cmdStr += `${key}=${escapeProperty(val)}`;
                    }
                }
            }
        }
        cmdStr += `${CMD_STRING}${escapeData(this.message)}`;
        return cmdStr;
    }
}
function escapeData(s) {
    return utils_toCommandValue(s)
        .replace(/%/g, '%25')
        .replace(/\r/g, '%0D')
        .replace(/\n/g, '%0A');
}
function escapeProperty(s) {
    return utils_toCommandValue(s)
        .replace(/%/g, '%25')
        .replace(/\r/g, '%0D')
        .replace(/\n/g, '%0A')
        .replace(/:/g, '%3A')
        .replace(/,/g, '%2C');
}
//# sourceMappingURL=command.js.map
;// CONCATENATED MODULE: external "crypto"
const external_crypto_namespaceObject = require("crypto");
;// CONCATENATED MODULE: external "fs"
const external_fs_namespaceObject = require("fs");
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/file-command.js
// For internal use, subject to change.
// We use any as a valid input type
/* eslint-disable @typescript-eslint/no-explicit-any */




function file_command_issueFileCommand(command, message) {
    const filePath = process.env[`GITHUB_${command}`];
    if (!filePath) {
        throw new Error(`Unable to find environment variable for file command ${command}`);
    }
    if (!fs.existsSync(filePath)) {
        throw new Error(`Missing file at path: ${filePath}`);
    }
    fs.appendFileSync(filePath, `${toCommandValue(message)}${os.EOL}`, {
        encoding: 'utf8'
    });
}
function file_command_prepareKeyValueMessage(key, value) {
    const delimiter = `ghadelimiter_${crypto.randomUUID()}`;
    const convertedValue = toCommandValue(value);
    // These should realistically never happen, but just in case someone finds a
    // way to exploit uuid generation let's not allow keys or values that contain
    // the delimiter.
    if (key.includes(delimiter)) {
        throw new Error(`Unexpected input: name should not contain the delimiter "${delimiter}"`);
    }
    if (convertedValue.includes(delimiter)) {
        throw new Error(`Unexpected input: value should not contain the delimiter "${delimiter}"`);
    }
    return `${key}<<${delimiter}${os.EOL}${convertedValue}${os.EOL}${delimiter}`;
}
//# sourceMappingURL=file-command.js.map
;// CONCATENATED MODULE: external "path"
const external_path_namespaceObject = require("path");
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/oidc-utils.js
var __awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};



class oidc_utils_OidcClient {
    static createHttpClient(allowRetry = true, maxRetry = 10) {
        const requestOptions = {
            allowRetries: allowRetry,
            maxRetries: maxRetry
        };
        return new HttpClient('actions/oidc-client', [new BearerCredentialHandler(oidc_utils_OidcClient.getRequestToken())], requestOptions);
    }
    static getRequestToken() {
        const token = process.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
        if (!token) {
            throw new Error('Unable to get ACTIONS_ID_TOKEN_REQUEST_TOKEN env variable');
        }
        return token;
    }
    static getIDTokenUrl() {
        const runtimeUrl = process.env['ACTIONS_ID_TOKEN_REQUEST_URL'];
        if (!runtimeUrl) {
            throw new Error('Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable');
        }
        return runtimeUrl;
    }
    static getCall(id_token_url) {
        return __awaiter(this, void 0, void 0, function* () {
            var _a;
            const httpclient = oidc_utils_OidcClient.createHttpClient();
            const res = yield httpclient
                .getJson(id_token_url)
                .catch(error => {
                throw new Error(`Failed to get ID Token. \n 
        Error Code : ${error.statusCode}\n 
        Error Message: ${error.message}`);
            });
            const id_token = (_a = res.result) === null || _a === void 0 ? void 0 : _a.value;
            if (!id_token) {
                throw new Error('Response json body do not have ID Token field');
            }
            return id_token;
        });
    }
    static getIDToken(audience) {
        return __awaiter(this, void 0, void 0, function* () {
            try {
                // New ID Token is requested from action service
                let id_token_url = oidc_utils_OidcClient.getIDTokenUrl();
                if (audience) {
                    const encodedAudience = encodeURIComponent(audience);
                    id_token_url = `${id_token_url}&audience=${encodedAudience}`;
                }
                debug(`ID token url is ${id_token_url}`);
                const id_token = yield oidc_utils_OidcClient.getCall(id_token_url);
                setSecret(id_token);
                return id_token;
            }
            catch (error) {
                throw new Error(`Error message: ${error.message}`);
            }
        });
    }
}
//# sourceMappingURL=oidc-utils.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/summary.js
var summary_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};


const { access, appendFile, writeFile } = external_fs_namespaceObject.promises;
const SUMMARY_ENV_VAR = 'GITHUB_STEP_SUMMARY';
const SUMMARY_DOCS_URL = 'https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions#adding-a-job-summary';
class Summary {
    constructor() {
        this._buffer = '';
    }
    /**
     * Finds the summary file path from the environment, rejects if env var is not found or file does not exist
     * Also checks r/w permissions.
     *
     * @returns step summary file path
     */
    filePath() {
        return summary_awaiter(this, void 0, void 0, function* () {
            if (this._filePath) {
                return this._filePath;
            }
            const pathFromEnv = process.env[SUMMARY_ENV_VAR];
            if (!pathFromEnv) {
                throw new Error(`Unable to find environment variable for $${SUMMARY_ENV_VAR}. Check if your runtime environment supports job summaries.`);
            }
            try {
                yield access(pathFromEnv, external_fs_namespaceObject.constants.R_OK | external_fs_namespaceObject.constants.W_OK);
            }
            catch (_a) {
                throw new Error(`Unable to access summary file: '${pathFromEnv}'. Check if the file has correct read/write permissions.`);
            }
            this._filePath = pathFromEnv;
            return this._filePath;
        });
    }
    /**
     * Wraps content in an HTML tag, adding any HTML attributes
     *
     * @param {string} tag HTML tag to wrap
     * @param {string | null} content content within the tag
     * @param {[attribute: string]: string} attrs key-value list of HTML attributes to add
     *
     * @returns {string} content wrapped in HTML element
     */
    wrap(tag, content, attrs = {}) {
        const htmlAttrs = Object.entries(attrs)
            .map(([key, value]) => ` ${key}="${value}"`)
            .join('');
        if (!content) {
            return `<${tag}${htmlAttrs}>`;
        }
        return `<${tag}${htmlAttrs}>${content}</${tag}>`;
    }
    /**
     * Writes text in the buffer to the summary buffer file and empties buffer. Will append by default.
     *
     * @param {SummaryWriteOptions} [options] (optional) options for write operation
     *
     * @returns {Promise<Summary>} summary instance
     */
    write(options) {
        return summary_awaiter(this, void 0, void 0, function* () {
            const overwrite = !!(options === null || options === void 0 ? void 0 : options.overwrite);
            const filePath = yield this.filePath();
            const writeFunc = overwrite ? writeFile : appendFile;
            yield writeFunc(filePath, this._buffer, { encoding: 'utf8' });
            return this.emptyBuffer();
        });
    }
    /**
     * Clears the summary buffer and wipes the summary file
     *
     * @returns {Summary} summary instance
     */
    clear() {
        return summary_awaiter(this, void 0, void 0, function* () {
            return this.emptyBuffer().write({ overwrite: true });
        });
    }
    /**
     * Returns the current summary buffer as a string
     *
     * @returns {string} string of summary buffer
     */
    stringify() {
        return this._buffer;
    }
    /**
     * If the summary buffer is empty
     *
     * @returns {boolen} true if the buffer is empty
     */
    isEmptyBuffer() {
        return this._buffer.length === 0;
    }
    /**
     * Resets the summary buffer without writing to summary file
     *
     * @returns {Summary} summary instance
     */
    emptyBuffer() {
        this._buffer = '';
        return this;
    }
    /**
     * Adds raw text to the summary buffer
     *
     * @param {string} text content to add
     * @param {boolean} [addEOL=false] (optional) append an EOL to the raw text (default: false)
     *
     * @returns {Summary} summary instance
     */
    addRaw(text, addEOL = false) {
        this._buffer += text;
        return addEOL ? this.addEOL() : this;
    }
    /**
     * Adds the operating system-specific end-of-line marker to the buffer
     *
     * @returns {Summary} summary instance
     */
    addEOL() {
        return this.addRaw(external_os_namespaceObject.EOL);
    }
    /**
     * Adds an HTML codeblock to the summary buffer
     *
     * @param {string} code content to render within fenced code block
     * @param {string} lang (optional) language to syntax highlight code
     *
     * @returns {Summary} summary instance
     */
    addCodeBlock(code, lang) {
        const attrs = Object.assign({}, (lang && { lang }));
        const element = this.wrap('pre', this.wrap('code', code), attrs);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML list to the summary buffer
     *
     * @param {string[]} items list of items to render
     * @param {boolean} [ordered=false] (optional) if the rendered list should be ordered or not (default: false)
     *
     * @returns {Summary} summary instance
     */
    addList(items, ordered = false) {
        const tag = ordered ? 'ol' : 'ul';
        const listItems = items.map(item => this.wrap('li', item)).join('');
        const element = this.wrap(tag, listItems);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML table to the summary buffer
     *
     * @param {SummaryTableCell[]} rows table rows
     *
     * @returns {Summary} summary instance
     */
    addTable(rows) {
        const tableBody = rows
            .map(row => {
            const cells = row
                .map(cell => {
                if (typeof cell === 'string') {
                    return this.wrap('td', cell);
                }
                const { header, data, colspan, rowspan } = cell;
                const tag = header ? 'th' : 'td';
                const attrs = Object.assign(Object.assign({}, (colspan && { colspan })), (rowspan && { rowspan }));
                return this.wrap(tag, data, attrs);
            })
                .join('');
            return this.wrap('tr', cells);
        })
            .join('');
        const element = this.wrap('table', tableBody);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds a collapsable HTML details element to the summary buffer
     *
     * @param {string} label text for the closed state
     * @param {string} content collapsable content
     *
     * @returns {Summary} summary instance
     */
    addDetails(label, content) {
        const element = this.wrap('details', this.wrap('summary', label) + content);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML image tag to the summary buffer
     *
     * @param {string} src path to the image you to embed
     * @param {string} alt text description of the image
     * @param {SummaryImageOptions} options (optional) addition image attributes
     *
     * @returns {Summary} summary instance
     */
    addImage(src, alt, options) {
        const { width, height } = options || {};
        const attrs = Object.assign(Object.assign({}, (width && { width })), (height && { height }));
        const element = this.wrap('img', null, Object.assign({ src, alt }, attrs));
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML section heading element
     *
     * @param {string} text heading text
     * @param {number | string} [level=1] (optional) the heading level, default: 1
     *
     * @returns {Summary} summary instance
     */
    addHeading(text, level) {
        const tag = `h${level}`;
        const allowedTag = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].includes(tag)
            ? tag
            : 'h1';
        const element = this.wrap(allowedTag, text);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML thematic break (<hr>) to the summary buffer
     *
     * @returns {Summary} summary instance
     */
    addSeparator() {
        const element = this.wrap('hr', null);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML line break (<br>) to the summary buffer
     *
     * @returns {Summary} summary instance
     */
    addBreak() {
        const element = this.wrap('br', null);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML blockquote to the summary buffer
     *
     * @param {string} text quote text
     * @param {string} cite (optional) citation url
     *
     * @returns {Summary} summary instance
     */
    addQuote(text, cite) {
        const attrs = Object.assign({}, (cite && { cite }));
        const element = this.wrap('blockquote', text, attrs);
        return this.addRaw(element).addEOL();
    }
    /**
     * Adds an HTML anchor tag to the summary buffer
     *
     * @param {string} text link text/content
     * @param {string} href hyperlink
     *
     * @returns {Summary} summary instance
     */
    addLink(text, href) {
        const element = this.wrap('a', text, { href });
        return this.addRaw(element).addEOL();
    }
}
const _summary = new Summary();
/**
 * @deprecated use `core.summary`
 */
const markdownSummary = (/* unused pure expression or super */ null && (_summary));
const summary = _summary;
//# sourceMappingURL=summary.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/path-utils.js

/**
 * toPosixPath converts the given path to the posix form. On Windows, \\ will be
 * replaced with /.
 *
 * @param pth. Path to transform.
 * @return string Posix path.
 */
function toPosixPath(pth) {
    return pth.replace(/[\\]/g, '/');
}
/**
 * toWin32Path converts the given path to the win32 form. On Linux, / will be
 * replaced with \\.
 *
 * @param pth. Path to transform.
 * @return string Win32 path.
 */
function toWin32Path(pth) {
    return pth.replace(/[/]/g, '\\');
}
/**
 * toPlatformPath converts the given path to a platform-specific path. It does
 * this by replacing instances of / and \ with the platform-specific path
 * separator.
 *
 * @param pth The path to platformize.
 * @return string The platform-specific path.
 */
function toPlatformPath(pth) {
    return pth.replace(/[/\\]/g, path.sep);
}
//# sourceMappingURL=path-utils.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/platform.js
var platform_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};


const getWindowsInfo = () => platform_awaiter(void 0, void 0, void 0, function* () {
    const { stdout: version } = yield exec.getExecOutput('powershell -command "(Get-CimInstance -ClassName Win32_OperatingSystem).Version"', undefined, {
        silent: true
    });
    const { stdout: name } = yield exec.getExecOutput('powershell -command "(Get-CimInstance -ClassName Win32_OperatingSystem).Caption"', undefined, {
        silent: true
    });
    return {
        name: name.trim(),
        version: version.trim()
    };
});
const getMacOsInfo = () => platform_awaiter(void 0, void 0, void 0, function* () {
    var _a, _b, _c, _d;
    const { stdout } = yield exec.getExecOutput('sw_vers', undefined, {
        silent: true
    });
    const version = (_b = (_a = stdout.match(/ProductVersion:\s*(.+)/)) === null || _a === void 0 ? void 0 : _a[1]) !== null && _b !== void 0 ? _b : '';
    const name = (_d = (_c = stdout.match(/ProductName:\s*(.+)/)) === null || _c === void 0 ? void 0 : _c[1]) !== null && _d !== void 0 ? _d : '';
    return {
        name,
        version
    };
});
const getLinuxInfo = () => platform_awaiter(void 0, void 0, void 0, function* () {
    const { stdout } = yield exec.getExecOutput('lsb_release', ['-i', '-r', '-s'], {
        silent: true
    });
    const [name, version] = stdout.trim().split('\n');
    return {
        name,
        version
    };
});
const platform = external_os_namespaceObject.platform();
const arch = external_os_namespaceObject.arch();
const isWindows = platform === 'win32';
const isMacOS = platform === 'darwin';
const isLinux = platform === 'linux';
function getDetails() {
    return platform_awaiter(this, void 0, void 0, function* () {
        return Object.assign(Object.assign({}, (yield (isWindows
            ? getWindowsInfo()
            : isMacOS
                ? getMacOsInfo()
                : getLinuxInfo()))), { platform,
            arch,
            isWindows,
            isMacOS,
            isLinux });
    });
}
//# sourceMappingURL=platform.js.map
;// CONCATENATED MODULE: ./node_modules/@actions/core/lib/core.js
var core_awaiter = (undefined && undefined.__awaiter) || function (thisArg, _arguments, P, generator) {
    function adopt(value) { return value instanceof P ? value : new P(function (resolve) { resolve(value); }); }
    return new (P || (P = Promise))(function (resolve, reject) {
        function fulfilled(value) { try { step(generator.next(value)); } catch (e) { reject(e); } }
        function rejected(value) { try { step(generator["throw"](value)); } catch (e) { reject(e); } }
        function step(result) { result.done ? resolve(result.value) : adopt(result.value).then(fulfilled, rejected); }
        step((generator = generator.apply(thisArg, _arguments || [])).next());
    });
};






/**
 * The code to exit an action
 */
var ExitCode;
(function (ExitCode) {
    /**
     * A code indicating that the action was successful
     */
    ExitCode[ExitCode["Success"] = 0] = "Success";
    /**
     * A code indicating that the action was a failure
     */
    ExitCode[ExitCode["Failure"] = 1] = "Failure";
})(ExitCode || (ExitCode = {}));
//-----------------------------------------------------------------------
// Variables
//-----------------------------------------------------------------------
/**
 * Sets env variable for this action and future actions in the job
 * @param name the name of the variable to set
 * @param val the value of the variable. Non-string values will be converted to a string via JSON.stringify
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function exportVariable(name, val) {
    const convertedVal = toCommandValue(val);
    process.env[name] = convertedVal;
    const filePath = process.env['GITHUB_ENV'] || '';
    if (filePath) {
        return issueFileCommand('ENV', prepareKeyValueMessage(name, val));
    }
    issueCommand('set-env', { name }, convertedVal);
}
/**
 * Registers a secret which will get masked from logs
 *
 * @param secret - Value of the secret to be masked
 * @remarks
 * This function instructs the Actions runner to mask the specified value in any
 * logs produced during the workflow run. Once registered, the secret value will
 * be replaced with asterisks (***) whenever it appears in console output, logs,
 * or error messages.
 *
 * This is useful for protecting sensitive information such as:
 * - API keys
 * - Access tokens
 * - Authentication credentials
 * - URL parameters containing signatures (SAS tokens)
 *
 * Note that masking only affects future logs; any previous appearances of the
 * secret in logs before calling this function will remain unmasked.
 *
 * @example
 * ```typescript
 * // Register an API token as a secret
 * const apiToken = "abc123xyz456";
 * setSecret(apiToken);
 *
 * // Now any logs containing this value will show *** instead
 * console.log(`Using token: ${apiToken}`); // Outputs: "Using token: ***"
 * ```
 */
function core_setSecret(secret) {
    command_issueCommand('add-mask', {}, secret);
}
/**
 * Prepends inputPath to the PATH (for this action and future actions)
 * @param inputPath
 */
function addPath(inputPath) {
    const filePath = process.env['GITHUB_PATH'] || '';
    if (filePath) {
        issueFileCommand('PATH', inputPath);
    }
    else {
        issueCommand('add-path', {}, inputPath);
    }
    process.env['PATH'] = `${inputPath}${path.delimiter}${process.env['PATH']}`;
}
/**
 * Gets the value of an input.
 * Unless trimWhitespace is set to false in InputOptions, the value is also trimmed.
 * Returns an empty string if the value is not defined.
 *
 * @param     name     name of the input to get
 * @param     options  optional. See InputOptions.
 * @returns   string
 */
function getInput(name, options) {
    const val = process.env[`INPUT_${name.replace(/ /g, '_').toUpperCase()}`] || '';
    if (options && options.required && !val) {
        throw new Error(`Input required and not supplied: ${name}`);
    }
    if (options && options.trimWhitespace === false) {
        return val;
    }
    return val.trim();
}
/**
 * Gets the values of an multiline input.  Each value is also trimmed.
 *
 * @param     name     name of the input to get
 * @param     options  optional. See InputOptions.
 * @returns   string[]
 *
 */
function getMultilineInput(name, options) {
    const inputs = getInput(name, options)
        .split('\n')
        .filter(x => x !== '');
    if (options && options.trimWhitespace === false) {
        return inputs;
    }
    return inputs.map(input => input.trim());
}
/**
 * Gets the input value of the boolean type in the YAML 1.2 "core schema" specification.
 * Support boolean input list: `true | True | TRUE | false | False | FALSE` .
 * The return value is also in boolean type.
 * ref: https://yaml.org/spec/1.2/spec.html#id2804923
 *
 * @param     name     name of the input to get
 * @param     options  optional. See InputOptions.
 * @returns   boolean
 */
function getBooleanInput(name, options) {
    const trueValue = ['true', 'True', 'TRUE'];
    const falseValue = ['false', 'False', 'FALSE'];
    const val = getInput(name, options);
    if (trueValue.includes(val))
        return true;
    if (falseValue.includes(val))
        return false;
    throw new TypeError(`Input does not meet YAML 1.2 "Core Schema" specification: ${name}\n` +
        `Support boolean input list: \`true | True | TRUE | false | False | FALSE\``);
}
/**
 * Sets the value of an output.
 *
 * @param     name     name of the output to set
 * @param     value    value to store. Non-string values will be converted to a string via JSON.stringify
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function setOutput(name, value) {
    const filePath = process.env['GITHUB_OUTPUT'] || '';
    if (filePath) {
        return issueFileCommand('OUTPUT', prepareKeyValueMessage(name, value));
    }
    process.stdout.write(os.EOL);
    issueCommand('set-output', { name }, toCommandValue(value));
}
/**
 * Enables or disables the echoing of commands into stdout for the rest of the step.
 * Echoing is disabled by default if ACTIONS_STEP_DEBUG is not set.
 *
 */
function setCommandEcho(enabled) {
    issue('echo', enabled ? 'on' : 'off');
}
//-----------------------------------------------------------------------
// Results
//-----------------------------------------------------------------------
/**
 * Sets the action status to failed.
 * When the action exits it will be with an exit code of 1
 * @param message add error issue message
 */
function setFailed(message) {
    process.exitCode = ExitCode.Failure;
    error(message);
}
//-----------------------------------------------------------------------
// Logging Commands
//-----------------------------------------------------------------------
/**
 * Gets whether Actions Step Debug is on or not
 */
function isDebug() {
    return process.env['RUNNER_DEBUG'] === '1';
}
/**
 * Writes debug message to user log
 * @param message debug message
 */
function core_debug(message) {
    issueCommand('debug', {}, message);
}
/**
 * Adds an error issue
 * @param message error issue message. Errors will be converted to string via toString()
 * @param properties optional properties to add to the annotation.
 */
function error(message, properties = {}) {
    issueCommand('error', toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
/**
 * Adds a warning issue
 * @param message warning issue message. Errors will be converted to string via toString()
 * @param properties optional properties to add to the annotation.
 */
function warning(message, properties = {}) {
    command_issueCommand('warning', utils_toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
/**
 * Adds a notice issue
 * @param message notice issue message. Errors will be converted to string via toString()
 * @param properties optional properties to add to the annotation.
 */
function notice(message, properties = {}) {
    issueCommand('notice', toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
/**
 * Writes info to log with console.log.
 * @param message info message
 */
function info(message) {
    process.stdout.write(message + external_os_namespaceObject.EOL);
}
/**
 * Begin an output group.
 *
 * Output until the next `groupEnd` will be foldable in this group
 *
 * @param name The name of the output group
 */
function startGroup(name) {
    issue('group', name);
}
/**
 * End an output group.
 */
function endGroup() {
    issue('endgroup');
}
/**
 * Wrap an asynchronous function call in a group.
 *
 * Returns the same type as the function itself.
 *
 * @param name The name of the group
 * @param fn The function to wrap in the group
 */
function group(name, fn) {
    return core_awaiter(this, void 0, void 0, function* () {
        startGroup(name);
        let result;
        try {
            result = yield fn();
        }
        finally {
            endGroup();
        }
        return result;
    });
}
//-----------------------------------------------------------------------
// Wrapper action state
//-----------------------------------------------------------------------
/**
 * Saves state for current action, the state can only be retrieved by this action's post job execution.
 *
 * @param     name     name of the state to store
 * @param     value    value to store. Non-string values will be converted to a string via JSON.stringify
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
function saveState(name, value) {
    const filePath = process.env['GITHUB_STATE'] || '';
    if (filePath) {
        return issueFileCommand('STATE', prepareKeyValueMessage(name, value));
    }
    issueCommand('save-state', { name }, toCommandValue(value));
}
/**
 * Gets the value of an state set by this action's main execution.
 *
 * @param     name     name of the state to get
 * @returns   string
 */
function getState(name) {
    return process.env[`STATE_${name}`] || '';
}
function getIDToken(aud) {
    return core_awaiter(this, void 0, void 0, function* () {
        return yield OidcClient.getIDToken(aud);
    });
}
/**
 * Summary exports
 */

/**
 * @deprecated use core.summary
 */

/**
 * Path exports
 */

/**
 * Platform utilities exports
 */

//# sourceMappingURL=core.js.map
;// CONCATENATED MODULE: ./src/runner/secrets.ts

const MIN_MASKED_CHARACTERS = 4;
const PIECE_CHARACTERS = 12;
const MAX_ESCAPE_LEVELS = 4;
const ESCAPES = /[%=]([0-9a-f]{2})|\\x([0-9a-f]{2})|[%\\]u([0-9a-f]{4})|&#x0*([0-9a-f]{1,4});|&#0*(\d{1,5});|&(amp|lt|gt|quot|apos);|\\([^ux])/gi;
const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const blanks = () => /[\s\p{C}\p{Default_Ignorable_Code_Point}\u2800]+/gu;
const PLAIN_TEXT = /^[ -~“”’…]*$/;
const LIKE_SECRET = /eyJ[\w-]{9,}\.(?:e[wy]|\*)|cr[a-z]_[\da-f]{24,}/;
const masked = new Set();
function maskSecret(secret) {
    if (secret.length < MIN_MASKED_CHARACTERS || masked.has(secret))
        return;
    core_setSecret(secret);
    masked.add(secret);
}
function redact(line) {
    const secrets = [...masked].sort((one, other) => other.length - one.length);
    return secrets.reduce((text, secret) => text.replaceAll(secret, '***'), line);
}
function repeatsSecret(text) {
    const secrets = [...masked].map(withoutBlanks).join('\n');
    let view = text;
    for (let level = 0; level <= MAX_ESCAPE_LEVELS; level += 1) {
        const packed = withoutBlanks(view);
        if (LIKE_SECRET.test(packed) || sharesPiece(packed, secrets))
            return true;
        const next = view.replace(ESCAPES, undo);
        if (next === view)
            return false;
        view = next;
    }
    return false;
}
function sharesPiece(text, secrets) {
    for (let start = 0; start + PIECE_CHARACTERS <= text.length; start += 1) {
        if (secrets.includes(text.slice(start, start + PIECE_CHARACTERS)))
            return true;
    }
    return false;
}
function withoutBlanks(text) {
    return text.replace(PLAIN_TEXT.test(text) ? / +/g : blanks(), '');
}
function undo(whole, ...groups) {
    const [percent, hex, unit, reference, decimal, name, literal] = groups;
    const digits = percent ?? hex ?? unit ?? reference;
    if (digits !== undefined)
        return String.fromCharCode(Number.parseInt(digits, 16));
    if (decimal !== undefined)
        return String.fromCharCode(Number(decimal));
    return literal ?? NAMED[name?.toLowerCase() ?? ''] ?? whole;
}

;// CONCATENATED MODULE: ./src/runner/quote.ts

const MAX_CHARACTERS_READ = 4000;
const WORD_AT_END = /(?:[\w.~+/=:@%#$&*!?^|\\`-]*|[\uD800-\uDBFF])$/;
const WITHHELD = '(withheld: it repeats a secret)';
function quote(text, maxCharacters = 300) {
    const read = text.slice(0, MAX_CHARACTERS_READ);
    if (repeatsSecret(read))
        return WITHHELD;
    const line = oneLine(read);
    if (line.length <= maxCharacters)
        return line;
    const kept = line.slice(0, maxCharacters);
    return `${kept.includes(' ') ? kept.slice(0, kept.lastIndexOf(' ')) : kept.slice(0, -1).replace(WORD_AT_END, '')}…`;
}
function oneLine(text) {
    const visible = PLAIN_TEXT.test(text) ? text : text.replace(/\uFEFF|(?!\s)\p{C}/gu, '');
    return redact(visible.replace(/\s+/g, ' ').trim()).replaceAll('##[', '## [');
}

;// CONCATENATED MODULE: ./src/runner/log.ts


const MAX_LINE_CHARACTERS = 4000;
const ANNOTATION = { title: 'Create ICR App Token' };
function log_info(line) {
    info(printable(line));
}
function log_notice(line) {
    core.notice(printable(line), ANNOTATION);
}
function log_warning(line) {
    warning(printable(line), ANNOTATION);
}
function fail(line) {
    process.exitCode = core.ExitCode.Failure;
    core.error(printable(line), ANNOTATION);
}
function printable(line) {
    return oneLine(line).slice(0, MAX_LINE_CHARACTERS);
}
function joined(...sentences) {
    return sentences.filter(Boolean).join(' ');
}
function log_messageOf(thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
}

;// CONCATENATED MODULE: external "node:fs"
const external_node_fs_namespaceObject = require("node:fs");
;// CONCATENATED MODULE: ./src/runner/or-undefined.ts
function orUndefined(act) {
    try {
        return act();
    }
    catch {
        return undefined;
    }
}

;// CONCATENATED MODULE: ./src/http/retry.ts
const SECOND_MS = 1000;
const MIN_ATTEMPT_SECONDS = 0.5;
const RESERVED_SECONDS = 1;
const MAX_RETRY_AFTER_SECONDS = 1e9;
const RETRY_POLICY = { maxAttempts: 12, maxBackoffSeconds: 12, fixedShare: 0.5 };
const UNKNOWN_HOST_POLICY = { ...RETRY_POLICY, maxAttempts: 3 };
function nextWaitMs({ attempts, failures }, requestedMs, remainingMs, random, { maxAttempts, maxBackoffSeconds, fixedShare } = RETRY_POLICY) {
    if (failures >= maxAttempts)
        return undefined;
    const longestMs = remainingMs - RESERVED_SECONDS * SECOND_MS;
    if (longestMs < (requestedMs ?? 0))
        return undefined;
    const backoffMs = Math.min(2 ** (attempts - 1), maxBackoffSeconds) * SECOND_MS;
    const waitMs = requestedMs === undefined ? backoffMs * (fixedShare + (1 - fixedShare) * random) : requestedMs + backoffMs * random;
    return Math.min(waitMs, longestMs);
}
function isTransient(status, hasRetryAfter) {
    if (status === 501 || status === 505)
        return false;
    return status === 408 || status === 429 || status >= 500 || (status === 403 && hasRetryAfter);
}
function retryAfterMs(retryAfter, sentMs) {
    if (retryAfter === undefined)
        return undefined;
    const text = retryAfter.trim();
    if (/^\d+$/.test(text))
        return Math.min(Number(text), MAX_RETRY_AFTER_SECONDS) * SECOND_MS;
    const until = httpDateMs(text);
    return until === undefined ? undefined : Math.max(0, until - sentMs);
}
function httpDateMs(date) {
    const time = Date.parse(date);
    return !Number.isNaN(time) && new Date(time).toUTCString() === date ? time : undefined;
}

;// CONCATENATED MODULE: ./src/http/request-error.ts





const RUN_AGAIN = 'Run the job again later.';
const CHECK_PROXY = 'Check `https_proxy` and the proxy.';
const SET_CA = 'If a company’s proxy or a private CA signs it, set NODE_EXTRA_CA_CERTS to the CA’s certificate file on the runner.';
const RENEW = 'Renew it with an RSA key of 2048 bits or more and a SHA-256 signature.';
const NETWORK_CODE = /^(?:E(?!RR_)|HPE_|ERR_(?:SSL|TLS|OSSL|PROXY_TUNNEL|SOCKET|STREAM)|UNKNOWN$)/;
const UNNAMED = /^UNSPECIFIED$/;
const UNTRUSTED = /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|CRL_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/;
const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/;
const NO_TLS = /wrong version number|packet length too long|http request/;
class RequestError extends Error {
    facts;
    unanswered;
    affectsEveryRequest;
    constructor(failure, request = '', unanswered = 0) {
        const { problem, fix, detail, cause } = failure;
        super(joined(`${problem}.`, fix, detail, request), { cause });
        this.facts = joined(`${problem}.`, detail, request);
        this.unanswered = unanswered;
        this.affectsEveryRequest = failure.wasSent !== true && (failure.isFinal ?? failure.isUnknownHost ?? false);
    }
}
function describeError(error, route, progress) {
    if (!(error instanceof Error) || error instanceof TypeError || !('code' in error))
        throw error;
    const code = String(error.code);
    if (![NETWORK_CODE, UNNAMED, UNTRUSTED].some((pattern) => pattern.test(code)))
        throw error;
    if (code === 'ERR_PROXY_TUNNEL') {
        const status = 'statusCode' in error ? Number(error.statusCode) : Number.NaN;
        return { ...proxyRefused(route, status), cause: error };
    }
    const detail = `It failed with ${quote([code, error.message].filter(Boolean).join(': '))}.`;
    return { ...explain(code, error.message, route, progress), detail, cause: error };
}
function explain(code, message, route, { wasSent, isAtProxy }) {
    const peer = isAtProxy ? `The proxy ${route.proxy}` : 'The server';
    const certificate = describeCertificate(code, message, route);
    if (certificate !== undefined) {
        const [problem, fix] = certificate;
        return { problem: `${peer}’s certificate ${problem}`, fix, isFinal: true };
    }
    if (NO_TLS.test(message)) {
        const fix = isAtProxy ? 'Begin `https_proxy` with http://, or correct its port.' : fixOfApiUrl(route);
        return { problem: `${isAtProxy ? peer : `${peer} ${route.host}`} does not speak TLS`, fix, isFinal: true };
    }
    if (code.startsWith('HPE_'))
        return { problem: `${peer}’s response is not HTTP`, fix: fixOfApiUrl(route) };
    if (wasSent)
        return { problem: 'The connection to ICR was lost before its response', fix: RUN_AGAIN };
    const isUnknownHost = code === 'ENOTFOUND';
    const what = isUnknownHost ? 'was not found' : 'can’t be reached';
    const failure = isAtProxy ? { problem: `${peer} ${what}`, fix: CHECK_PROXY } : unreachable(route, what);
    return isUnknownHost ? { ...failure, isUnknownHost } : failure;
}
function unreachable({ host, isDefaultHost, ignoredProxy }, what) {
    if (ignoredProxy !== undefined) {
        const problem = `${host} ${what}, and \`${ignoredProxy}\` does not count for https`;
        return { problem, fix: 'Set `https_proxy` to the proxy.' };
    }
    const fix = `Check ${isDefaultHost ? '' : '`api-url`, and '}the runner’s network and name server.`;
    return { problem: `${host} ${what}`, fix };
}
function describeCertificate(code, message, route) {
    if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
        return ['is not valid at this time', 'Check the runner’s clock, and when the certificate expires.'];
    }
    if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
        return ['is for another host', fixOfApiUrl(route)];
    if (UNNAMED.test(code)) {
        return message.endsWith('too weak')
            ? ['is too weak', RENEW]
            : ['is not accepted', 'Check it, and the CA that signs it.'];
    }
    return UNTRUSTED.test(code) ? describeTrust(process.env['NODE_EXTRA_CA_CERTS'] ?? '') : undefined;
}
function describeTrust(file) {
    if (file === '')
        return ['is not trusted', SET_CA];
    return holdsCertificate(file)
        ? ['is not trusted', `Add the certificate of the CA that signs it to ${quote(file)}.`]
        : [
            'is not trusted, and NODE_EXTRA_CA_CERTS names a file that is missing or holds no certificate',
            `Put the CA’s certificate in ${quote(file)}, in PEM.`,
        ];
}
function holdsCertificate(file) {
    return orUndefined(() => CERTIFICATE.test((0,external_node_fs_namespaceObject.readFileSync)(file, 'latin1'))) ?? false;
}
function noResponse(route, { wasSent, isAtProxy }, timeoutMs) {
    const within = `within ${Math.round(timeoutMs / SECOND_MS)} s`;
    const isTimeLimit = true;
    if (isAtProxy)
        return { problem: `The proxy ${route.proxy} did not respond ${within}`, fix: CHECK_PROXY, isTimeLimit };
    if (wasSent)
        return { problem: `ICR did not respond ${within}`, fix: RUN_AGAIN, isTimeLimit };
    const detail = `There was no connection ${within}.`;
    return { ...unreachable(route, 'can’t be reached'), detail, isTimeLimit };
}
function responseCutShort(cause) {
    return { problem: 'ICR’s response was cut short', fix: RUN_AGAIN, cause };
}
function responseTooLarge(route, status) {
    const problem = 'The response is larger than 1 MiB';
    return { problem, fix: fixOfApiUrl(route), detail: `It came with ${status}.`, isFinal: true };
}
function protocolSwitched(route) {
    return { problem: 'The server switched protocols (101)', fix: fixOfApiUrl(route), isFinal: true };
}
function proxyRefused({ host, isDefaultHost, proxy: proxyHost }, status) {
    const proxy = `The proxy ${proxyHost}`;
    if (Number.isNaN(status)) {
        return {
            problem: `${proxy} ended the connection, or does not speak HTTP`,
            fix: 'Check the scheme (http or https) and the port of `https_proxy`.',
        };
    }
    if (status === 407 || status === 401) {
        return {
            problem: `${proxy} requires a valid user name and password (${status})`,
            fix: 'Set them in `https_proxy`: http://USER:PASSWORD@HOST:PORT, percent-encoded.',
            isFinal: true,
        };
    }
    const failure = {
        problem: `${proxy} did not connect to ${host} (${status})`,
        fix: isDefaultHost
            ? 'Allow the host on the proxy, or name it in `no_proxy`.'
            : 'Check `api-url`, allow the host on the proxy, or name it in `no_proxy`.',
    };
    return isTransient(status, false) ? failure : { ...failure, isFinal: true };
}
function waitDoesNotFit(status, requestedMs, remainingMs) {
    const wanted = Math.ceil(requestedMs / SECOND_MS);
    const left = Math.max(0, remainingMs / SECOND_MS).toFixed(1);
    return {
        problem: `ICR asks to wait ${wanted} s (${status} with Retry-After), and this step has only ${left} s left`,
        fix: 'Try again after that time, with fewer jobs at once.',
    };
}
function budgetUsedUp(totalSeconds) {
    return { problem: `The ${totalSeconds} s for all requests are used up`, fix: RUN_AGAIN };
}
function fixOfApiUrl({ isDefaultHost }) {
    return isDefaultHost ? 'Check any proxy or firewall on the way.' : 'Check `api-url` and any proxy on the way.';
}

;// CONCATENATED MODULE: external "node:http"
const external_node_http_namespaceObject = require("node:http");
;// CONCATENATED MODULE: external "node:https"
const external_node_https_namespaceObject = require("node:https");
;// CONCATENATED MODULE: external "node:net"
const external_node_net_namespaceObject = require("node:net");
;// CONCATENATED MODULE: ./src/http/proxy.ts





const USER_INFO = /^(?:[\w.~!$&'()*+,;=:-]|%[\da-f]{2})*$/i;
const MIN_NODE = [24, 5];
function proxyFor(url, environment, node = process.versions.node) {
    const setting = settingOf(environment);
    for (const password of passwordsIn(setting))
        maskSecret(password);
    const userInfo = userInfoOf(setting);
    const exempt = environment['no_proxy'] || environment['NO_PROXY'] || '';
    if (setting === '' || isLoopback(url) || isExempt(url, exempt))
        return undefined;
    if (!USER_INFO.test(userInfo) || decoded(userInfo) === undefined) {
        throw unusable('its user name or password is not percent-encoded', 'Write `@` as %40, `:` as %3A, `/` as %2F, `#` as %23, `?` as %3F and `%` as %25.');
    }
    const proxy = URL.parse(/^https?:|:\/\//i.test(setting) ? setting : `http://${setting}`);
    if (proxy === null)
        throw unusable('it is not a URL');
    if (!/^https?:$/.test(proxy.protocol))
        throw unusable('its scheme is not http or https');
    maskSecret(credentialsOf(proxy));
    assertProxySupport(node);
    return proxy;
}
function credentialsOf({ username, password }) {
    const login = username === '' && password === '' ? '' : `${decoded(username)}:${decoded(password)}`;
    return Buffer.from(login).toString('base64');
}
function passwordsIn(setting) {
    const [, password = ''] = /^[^:]*:(.*)$/s.exec(userInfoOf(setting)) ?? [];
    const sent = decoded(password);
    return sent === undefined ? [password] : [password, sent];
}
function decoded(text) {
    return orUndefined(() => decodeURIComponent(text));
}
function proxyForHttpOnly(environment) {
    if (settingOf(environment) !== '')
        return undefined;
    return ['http_proxy', 'HTTP_PROXY'].find((name) => (environment[name] ?? '') !== '');
}
function proxyAgent(proxy, onSocket) {
    const agent = new external_node_https_namespaceObject.Agent({ proxyEnv: { https_proxy: proxy.href } });
    const { createConnection } = agent;
    agent.createConnection = (...args) => {
        const socket = createConnection.apply(agent, args);
        if (socket instanceof external_node_net_namespaceObject.Socket)
            onSocket(socket);
        return socket;
    };
    return agent;
}
function assertProxySupport(node) {
    const [major = 0, minor = 0] = node.split('.').map(Number);
    if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1]))
        return;
    throw new RequestError({
        problem: `\`https_proxy\` needs Node ${MIN_NODE.join('.')} or later, and Node ${node} runs the action`,
        fix: 'Update the runner, or name the API’s host in `no_proxy` if it can be reached without the proxy.',
    });
}
function unusable(problem, fix = 'Write it as http://HOST:PORT, or name the API’s host in `no_proxy`.') {
    return new RequestError({ problem: `\`https_proxy\` can’t be used: ${problem}`, fix });
}
function isLoopback({ hostname }) {
    return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}
function settingOf(environment) {
    return (environment['https_proxy'] || environment['HTTPS_PROXY'] || '').trim();
}
function userInfoOf(setting) {
    const [, userInfo = ''] = /^(?:[a-z][a-z\d+.-]*:\/\/|https?:)?(.*)@/is.exec(setting) ?? [];
    return userInfo;
}
function isExempt(url, exempt) {
    const host = url.hostname.replace(/\.$/, '');
    return exempt.split(/[\s,]+/).some((entry) => {
        const [, name = '', port] = /^(?:\*?\.)?(.*?)\.?(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
        const isName = name !== '' && (host === name || host.endsWith(`.${name}`));
        return entry === '*' || (isName && (port === undefined || port === (url.port || '443')));
    });
}

;// CONCATENATED MODULE: ./src/http/transport.ts







const ADDRESS_SECONDS = 3;
const MAX_BODY_BYTES = 1024 * 1024;
function createTransport(baseUrl, headers, isDefaultHost) {
    const url = new URL(baseUrl);
    const isEncrypted = url.protocol === 'https:';
    const proxy = proxyFor(url, process.env);
    (0,external_node_net_namespaceObject.setDefaultAutoSelectFamilyAttemptTimeout)(ADDRESS_SECONDS * SECOND_MS);
    const open = isEncrypted ? external_node_https_namespaceObject.request : external_node_http_namespaceObject.request;
    const keptAlive = new (isEncrypted ? external_node_https_namespaceObject.Agent : external_node_http_namespaceObject.Agent)({ keepAlive: true });
    const route = {
        host: url.host,
        isDefaultHost,
        proxy: proxy?.host,
        ignoredProxy: isLoopback(url) ? undefined : proxyForHttpOnly(process.env),
    };
    return async (request, timeoutMs, cancelled) => {
        const { promise, resolve, reject } = Promise.withResolvers();
        let proxySocket;
        let wasSent = false;
        let response;
        const chunks = [];
        let bytes = 0;
        const progress = () => ({ wasSent, isAtProxy: proxySocket?.bytesRead === 0 });
        const text = () => new TextDecoder().decode(Buffer.concat(chunks));
        const endEarly = (failure) => {
            const came = response && parse(response, text());
            if (came !== undefined && isWholeJson(came.text))
                resolve({ response: came });
            else if (came === undefined || isSuccess(came))
                resolve({ failure: { ...failure, wasSent } });
            else
                resolve({ response: came, failure });
            client.destroy();
            proxySocket?.destroy();
        };
        const { NODE_TLS_REJECT_UNAUTHORIZED: laxness } = process.env;
        delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
        const json = request.body === undefined ? undefined : JSON.stringify(request.body);
        const onProxySocket = (socket) => {
            proxySocket = socket;
        };
        const client = open(baseUrl + request.path, {
            method: request.method,
            agent: proxy === undefined ? keptAlive : proxyAgent(proxy, onProxySocket),
            rejectUnauthorized: true,
            headers: {
                ...headers,
                accept: 'application/json',
                'accept-encoding': 'identity',
                authorization: `Bearer ${request.bearer}`,
                ...(json === undefined ? {} : { 'content-type': 'application/json' }),
            },
        });
        const timer = setTimeout(() => endEarly(noResponse(route, progress(), timeoutMs)), timeoutMs);
        let graceTimer;
        const onCancel = () => {
            graceTimer = setTimeout(endEarly, (request.graceSeconds ?? 0) * SECOND_MS, { problem: '', fix: '' });
        };
        cancelled?.addEventListener('abort', onCancel, { once: true });
        client.on('socket', (socket) => {
            const onOpen = () => {
                wasSent = true;
            };
            if (client.reusedSocket || proxy !== undefined)
                onOpen();
            else
                socket.once(isEncrypted ? 'secureConnect' : 'connect', onOpen);
        });
        client.on('error', (error) => {
            if (response !== undefined)
                return;
            try {
                endEarly(describeError(error, route, progress()));
            }
            catch (own) {
                reject(own);
            }
        });
        client.on('upgrade', (_, socket) => {
            socket.destroy();
            endEarly(protocolSwitched(route));
        });
        client.on('response', (message) => {
            response = message;
            message.on('data', (chunk) => {
                bytes += chunk.length;
                if (bytes <= MAX_BODY_BYTES)
                    return chunks.push(chunk);
                chunks.length = 0;
                return endEarly(responseTooLarge(route, message.statusCode));
            });
            message.on('end', () => {
                const { headers: sent } = message;
                const isEndDeclared = 'content-length' in sent || 'transfer-encoding' in sent;
                if (isEndDeclared || !isPartOfJson(text()))
                    resolve({ response: parse(message, text()) });
                else
                    endEarly(responseCutShort());
            });
            message.on('error', (error) => endEarly(responseCutShort(error)));
        });
        client.end(json);
        return promise.finally(() => {
            clearTimeout(timer);
            clearTimeout(graceTimer);
            cancelled?.removeEventListener('abort', onCancel);
            if (laxness !== undefined)
                process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = laxness;
        });
    };
}
function isSuccess({ status }) {
    return status >= 200 && status < 300;
}
function isHtml({ text }) {
    return /^\s*<(?:!doctype|html|head|body|title|h1|center)\b/i.test(text);
}
function parse({ statusCode = 0, headers }, text) {
    const receivedMs = Date.now();
    const dateMs = httpDateMs(headers.date ?? '');
    return {
        status: statusCode,
        text,
        contentType: (headers['content-type'] ?? '').toLowerCase(),
        location: headers.location,
        receivedMs,
        dateMs,
        retryAfterMs: retryAfterMs(headers['retry-after'], dateMs ?? receivedMs),
    };
}
function isWholeJson(text) {
    return orUndefined(() => typeof JSON.parse(text) !== 'number') ?? false;
}
function isPartOfJson(text) {
    const json = text.trim();
    const isBegun = /^[{["]/.test(json) || ['true', 'false', 'null'].some((literal) => literal.startsWith(json));
    return json !== '' && isBegun && !isWholeJson(json);
}

;// CONCATENATED MODULE: ./src/http/client.ts





const ATTEMPT_SECONDS = 15;
function startBudget(totalSeconds, cancelled) {
    return { totalSeconds, deadlineMs: clockMs() + totalSeconds * SECOND_MS, cancelled };
}
function partOf(budget, seconds) {
    const part = startBudget(seconds, budget.cancelled);
    return { ...part, deadlineMs: Math.min(part.deadlineMs, budget.deadlineMs) };
}
async function waitWithin(budget, seconds) {
    if ((seconds + RESERVED_SECONDS) * SECOND_MS > remainingMs(budget))
        return false;
    await sleep(seconds * SECOND_MS, budget.cancelled);
    return true;
}
function createHttpClient(baseUrl, headers, isDefaultHost) {
    const userAgent = { 'user-agent': `create-icr-app-token/${package_namespaceObject.rE}` };
    const attempt = createTransport(baseUrl, { ...userAgent, ...headers }, isDefaultHost);
    const { host } = new URL(baseUrl);
    let isHostKnown = false;
    return async (request, budget) => {
        const name = `${request.method} ${request.path} on ${host}`;
        const { attemptSeconds = ATTEMPT_SECONDS, maxUnansweredRetries = Number.POSITIVE_INFINITY } = request;
        const startedMs = clockMs();
        let [attempts, failures, lost, unanswered] = [0, 0, 0, 0];
        let last;
        for (;;) {
            throwIfCancelled();
            const timeoutMs = Math.min(attemptSeconds * SECOND_MS, remainingMs(budget));
            if (timeoutMs < MIN_ATTEMPT_SECONDS * SECOND_MS) {
                if (last !== undefined)
                    return end(last);
                throw new RequestError(budgetUsedUp(budget.totalSeconds), `${name} was not sent.`);
            }
            attempts += 1;
            const outcome = await attempt(request, timeoutMs, budget.cancelled);
            const { isTimeLimit, isUnknownHost, wasSent, detail } = outcome.response === undefined ? outcome.failure : {};
            if (wasSent === true)
                lost += 1;
            if (wasSent === true || isAnsweredOnTheWay(outcome))
                unanswered += 1;
            if (last === undefined || !isTimeLimit || timeoutMs === attemptSeconds * SECOND_MS)
                last = outcome;
            isHostKnown ||= !isUnknownHost;
            if (!isWorthRepeating(outcome))
                return end(outcome);
            throwIfCancelled();
            const requestedMs = outcome.response?.retryAfterMs;
            if (requestedMs === undefined)
                failures += 1;
            const policy = isHostKnown ? RETRY_POLICY : UNKNOWN_HOST_POLICY;
            const waitMs = nextWaitMs({ attempts, failures }, requestedMs, remainingMs(budget), Math.random(), policy);
            if (waitMs === undefined && outcome.response?.retryAfterMs !== undefined) {
                const { status, retryAfterMs } = outcome.response;
                throw new RequestError(waitDoesNotFit(status, retryAfterMs, remainingMs(budget)), `${name}.`, unanswered);
            }
            if (waitMs === undefined || lost > maxUnansweredRetries)
                return end(last);
            const next = `${describe(outcome)}; trying again in ${(waitMs / SECOND_MS).toFixed(1)} s.`;
            log_info(joined(next, detail, `${name}.`));
            await sleep(waitMs, budget.cancelled);
        }
        function throwIfCancelled() {
            const { cancelled } = budget;
            if (!cancelled?.aborted)
                return;
            const problem = log_messageOf(cancelled.reason).replace(/\.$/, '');
            throw new RequestError({ problem, fix: '', isFinal: true, cause: cancelled.reason }, '', unanswered);
        }
        function end(outcome) {
            const { response, failure } = outcome;
            const elapsedSeconds = (clockMs() - startedMs) / SECOND_MS;
            if (response === undefined) {
                const tried = attempts === 1 ? '' : ` (${attempts} attempts in ${Math.round(elapsedSeconds)} s)`;
                throw new RequestError({ ...failure, problem: `${failure.problem}${tried}` }, `${name}.`, unanswered);
            }
            const asked = { request: name, host, url: baseUrl + request.path };
            return { ...response, ...asked, attempts, elapsedSeconds, unanswered };
        }
    };
}
function isWorthRepeating({ response, failure }) {
    const isTransientStatus = response && isTransient(response.status, response.retryAfterMs !== undefined);
    return isTransientStatus === true || (failure !== undefined && failure.isFinal !== true);
}
function isAnsweredOnTheWay({ response }) {
    return response !== undefined && isHtml(response) && (response.status === 403 || response.status >= 500);
}
function describe({ response, failure }) {
    if (response === undefined)
        return failure.problem;
    const { status, retryAfterMs } = response;
    const wait = retryAfterMs === undefined ? '' : `, with ${Math.ceil(retryAfterMs / SECOND_MS)} s to wait`;
    return `The answer was ${status}${wait}${failure === undefined ? '' : ', and it was cut short'}`;
}
function clockMs() {
    return process.uptime() * 1000;
}
function remainingMs(budget) {
    return budget.deadlineMs - clockMs();
}
function sleep(milliseconds, cancelled) {
    return new Promise((resolve) => {
        if (cancelled?.aborted)
            return resolve();
        const end = () => {
            clearTimeout(timer);
            cancelled?.removeEventListener('abort', end);
            resolve();
        };
        const timer = setTimeout(end, milliseconds);
        cancelled?.addEventListener('abort', end, { once: true });
    });
}

;// CONCATENATED MODULE: ./src/icr/connection.ts

const DEFAULT_API_URL = 'https://api.carbonregistry.com';
function connectToIcr(apiUrl, apiVersion) {
    const headers = apiVersion === '' ? {} : { 'x-icr-api-version': apiVersion };
    return createHttpClient(apiUrl, headers, apiUrl === DEFAULT_API_URL);
}

;// CONCATENATED MODULE: ./src/icr/json.ts
class ShapeError extends Error {
}
function parseAs({ text, request, status }, parse) {
    try {
        return parse(text);
    }
    catch (error) {
        if (!(error instanceof ShapeError))
            throw error;
        throw new Error(`The response is not what ICR documents: ${error.message}. Check \`api-url\`, \`api-version\`, and any proxy on the way. The answer to ${request} was ${status}.`, { cause: error });
    }
}
function tryAs({ text }, parse) {
    try {
        return parse(text);
    }
    catch (error) {
        if (error instanceof ShapeError)
            return undefined;
        throw error;
    }
}
function tryJson(text) {
    return tryAs({ text }, parseJson);
}
function parseJson(text) {
    try {
        return JSON.parse(text);
    }
    catch {
        if (text.trim() === '')
            throw new ShapeError('its body is empty');
        throw new ShapeError(text.startsWith('\x1f') ? 'its body is compressed, which was not asked for' : 'its body is not JSON');
    }
}
function isObject(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

;// CONCATENATED MODULE: ./src/icr/error-body.ts



const MAX_PLAIN_MESSAGE_CHARACTERS = 200;
function isFromIcr({ status, text }) {
    const body = tryJson(text);
    return isObject(body) && 'message' in body && body['statusCode'] === status && !saysNoRoute(text);
}
function saysNoRoute(text) {
    return /\bCannot (?:GET|POST|DELETE) \//.test(text);
}
function describeResponse(response, who = 'ICR') {
    const { status, request } = response;
    if (isHtml(response))
        return `The answer to ${request} was ${status} with a page of HTML`;
    const words = isSuccess(response) ? undefined : readWords(response);
    return `${who} answered ${status}${words === undefined ? '' : ` (“${words}”)`} to ${request}`;
}
function readWords(response) {
    const { text } = response;
    const body = tryJson(text);
    if (body === undefined) {
        const plain = text.trim();
        const isMessage = plain !== '' && plain.length <= MAX_PLAIN_MESSAGE_CHARACTERS && !isHtml(response);
        return isMessage && !/^[{[]/.test(plain) ? quote(plain) : undefined;
    }
    const places = isObject(body)
        ? [body['message'], body['error'], body['errors'], body['detail'], body['title']]
        : [body];
    const words = places.map(textsOf).find((texts) => texts.length > 0);
    return words && quote(words.join('; '));
}
function textsOf(value) {
    const inner = isObject(value) ? value['message'] : value;
    return [inner]
        .flat()
        .map((item) => (isObject(item) ? item['message'] : item))
        .filter((item) => typeof item === 'string' && item.trim() !== '');
}

;// CONCATENATED MODULE: ./src/icr/revocation.ts








const REQUEST = { method: 'DELETE', path: '/app/installations/token', graceSeconds: 4 };
const SECONDS_BEFORE_ASKING_AGAIN = 3;
async function revokeToken(send, token, budget) {
    const bearer = token.token.trim().replace(/[^\x20-\x7e]/g, '');
    maskSecret(bearer);
    const isWhole = bearer === token.token;
    const ask = async () => interpret(await send({ ...REQUEST, bearer }, budget), token, isWhole);
    try {
        const first = await ask();
        if (first.outcome !== 'likely already invalid')
            return first;
        if (!(await waitWithin(budget, SECONDS_BEFORE_ASKING_AGAIN))) {
            return { outcome: 'unknown', detail: `${first.detail}, and there was no time to ask again` };
        }
        const second = await ask();
        return second.outcome === 'likely already invalid' && token.kind === 'app'
            ? { ...second, outcome: 'unknown' }
            : second;
    }
    catch (error) {
        const facts = error instanceof RequestError ? error.facts : log_messageOf(error);
        return { outcome: 'unknown', detail: facts.replace(/\.$/, '') };
    }
}
function interpret(response, { expiresAt }, isWhole) {
    const detail = describeResponse(response);
    if (isSuccess(response)) {
        return saysRevoked(response)
            ? { outcome: 'revoked', detail }
            : { outcome: 'unknown', detail: `${detail}; its body does not say that the token was revoked` };
    }
    if (![401, 403, 404].includes(response.status))
        return { outcome: 'unknown', detail };
    const nowMs = response.dateMs ?? response.receivedMs;
    if (Date.parse(expiresAt) <= nowMs)
        return { outcome: 'expired', detail };
    if (!isFromIcr(response)) {
        return { outcome: 'unknown', detail: `${describeResponse(response, 'A server')}, not in the form of ICR’s errors` };
    }
    if (!isWhole)
        return { outcome: 'unknown', detail: `${detail}, but not the whole token can be sent` };
    return { outcome: 'likely already invalid', detail };
}
function saysRevoked(response) {
    if (response.text.trim() === '')
        return !response.contentType.includes('html');
    return orUndefined(() => !isDenial(parseJson(response.text))) ?? false;
}
function isDenial(body) {
    if (!isObject(body))
        return body === false || body === 'false';
    const errors = [body['error'], body['errors']].flat().filter(Boolean);
    const isError = errors.length > 0 || Number(body['statusCode']) >= 400;
    return isError || ['success', 'ok', 'revoked', 'deleted'].some((name) => body[name] === false);
}

;// CONCATENATED MODULE: ./src/runner/process.ts
const MIN_NODE_MAJOR = 24;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGBREAK'];
function watchCancellation() {
    const controller = new AbortController();
    for (const name of SIGNALS) {
        process.on(name, () => controller.abort(new Error(`The step was cancelled (${name}).`)));
    }
    return controller.signal;
}
function outliveCancellation() {
    for (const name of SIGNALS)
        process.on(name, () => undefined);
}
function shortenDnsLookups() {
    process.env['RES_OPTIONS'] ??= 'timeout:2 attempts:2';
}
function runAction(step, onError) {
    process.on('uncaughtException', (error) => {
        onError(error);
        exit();
    });
    runOnNode(step).catch(onError).finally(exit);
}
async function runOnNode(step) {
    const { node } = process.versions;
    if (Number.parseInt(node, 10) < MIN_NODE_MAJOR) {
        throw new Error(`The action needs Node ${MIN_NODE_MAJOR}, and Node ${node} runs it. Use a current GitHub Actions runner; act takes the Node of its image.`);
    }
    await step();
}
function exit() {
    process.stdout.write('', () => process.exit());
}

;// CONCATENATED MODULE: ./src/runner/summary.ts



async function writeSummary(rows) {
    const lines = rows.map(([title, text]) => `| ${title} | ${summaryText(text)} |`);
    try {
        await summary.addRaw(['', '| ICR App token | |', '| --- | --- |', ...lines, ''].join('\n'), true).write();
    }
    catch (error) {
        log_warning(`The job summary could not be written. Check the runner’s disk; the token is not affected. ${log_messageOf(error)}`);
    }
}
function summaryText(text) {
    return oneLine(text).replace(/[!-+/;-@[-^`{-~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|(?<=www)\./giu, (character) => `&#${character.charCodeAt(0)};`);
}

;// CONCATENATED MODULE: ./src/runner/file-commands.ts


function assertFileCommands() {
    for (const name of ['GITHUB_STATE', 'GITHUB_OUTPUT']) {
        const file = process.env[name] ?? '';
        if (file === '') {
            throw new Error(`${name} is not set, so the token would be printed in the log. Run the action as a step of a workflow, on a current GitHub Actions runner.`);
        }
        try {
            closeSync(openSync(file, 'r+'));
        }
        catch (error) {
            throw new Error(`The file of ${name} can’t be written. ${fixOf(error)} No token was minted.`, { cause: error });
        }
    }
}
function fixOf(error) {
    const words = messageOf(error);
    return words.startsWith('EACCES')
        ? `Let the container run as the user that owns it (\`options: --user\`): this process is user ${process.getuid?.()}. The system says: ${words}.`
        : `Run the action as a step of a workflow, on a current GitHub Actions runner. The system says: ${words}.`;
}
function file_commands_writeFileCommand(what, write) {
    try {
        write();
    }
    catch (error) {
        throw new Error(`The step’s ${what} could not be written. Check the runner’s disk and the permissions of its folder. The system says: ${messageOf(error)}.`, { cause: error });
    }
}

;// CONCATENATED MODULE: ./src/token/saved-token.ts


const TOKEN = 'token';
const KIND = 'kind';
const EXPIRES_AT = 'expires-at';
const API_URL = 'api-url';
const API_VERSION = 'api-version';
const JOB_SUMMARY = 'job-summary';
function saveToken(saved) {
    writeFileCommand('state', () => {
        core.saveState(KIND, saved.kind);
        core.saveState(EXPIRES_AT, saved.expiresAt);
        core.saveState(API_URL, saved.apiUrl);
        core.saveState(API_VERSION, saved.apiVersion);
        core.saveState(JOB_SUMMARY, saved.jobSummary);
        core.saveState(TOKEN, saved.token);
    });
}
function clearSavedToken() {
    writeFileCommand('state', () => core.saveState(TOKEN, ''));
}
function readSavedToken() {
    const token = getState(TOKEN);
    if (token === '')
        return undefined;
    return {
        token,
        kind: getState(KIND) === 'app' ? 'app' : 'installation',
        expiresAt: getState(EXPIRES_AT),
        apiUrl: getState(API_URL),
        apiVersion: getState(API_VERSION),
        jobSummary: getState(JOB_SUMMARY) === 'true',
    };
}

;// CONCATENATED MODULE: ./src/post.ts








const BUDGET_SECONDS = 45;
async function post() {
    outliveCancellation();
    const saved = readSavedToken();
    if (saved === undefined)
        return;
    maskSecret(saved.token);
    shortenDnsLookups();
    const send = connectToIcr(saved.apiUrl, saved.apiVersion);
    const revocation = await revokeToken(send, saved, startBudget(BUDGET_SECONDS));
    if (revocation.outcome === 'unknown')
        throw new Error(revocation.detail);
    log_info(post_describe(revocation, saved));
    const at = revocation.outcome === 'expired' ? saved.expiresAt : new Date().toISOString();
    if (saved.jobSummary)
        await writeSummary([['Token', `${revocation.outcome} at ${at}`]]);
}
function post_describe({ outcome, detail }, { expiresAt }) {
    if (outcome === 'revoked')
        return 'Revoked the access token.';
    return outcome === 'expired'
        ? `The access token expired at ${expiresAt}, before this job ended. ${detail}.`
        : `ICR refused the access token twice, so it is likely already invalid: ${detail}.`;
}
function warn(error) {
    const saved = readSavedToken();
    const reason = `${log_messageOf(error).replace(/\.$/, '')}.`;
    log_warning(saved === undefined ? reason : `${describeLife(saved)} ${reason}`);
}
function describeLife({ expiresAt, kind }) {
    const life = `The token could not be revoked, and may be valid until ${expiresAt}.`;
    return kind === 'app'
        ? life
        : `${life} You don’t have to do anything unless it leaked: then an admin of the organization can suspend the installation, which likely ends it.`;
}
runAction(post, warn);

module.exports = __webpack_exports__;
/******/ })()
;