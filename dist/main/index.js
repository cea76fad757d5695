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
function toCommandProperties(annotationProperties) {
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
    if (!external_fs_namespaceObject.existsSync(filePath)) {
        throw new Error(`Missing file at path: ${filePath}`);
    }
    external_fs_namespaceObject.appendFileSync(filePath, `${utils_toCommandValue(message)}${external_os_namespaceObject.EOL}`, {
        encoding: 'utf8'
    });
}
function file_command_prepareKeyValueMessage(key, value) {
    const delimiter = `ghadelimiter_${external_crypto_namespaceObject.randomUUID()}`;
    const convertedValue = utils_toCommandValue(value);
    // These should realistically never happen, but just in case someone finds a
    // way to exploit uuid generation let's not allow keys or values that contain
    // the delimiter.
    if (key.includes(delimiter)) {
        throw new Error(`Unexpected input: name should not contain the delimiter "${delimiter}"`);
    }
    if (convertedValue.includes(delimiter)) {
        throw new Error(`Unexpected input: value should not contain the delimiter "${delimiter}"`);
    }
    return `${key}<<${delimiter}${external_os_namespaceObject.EOL}${convertedValue}${external_os_namespaceObject.EOL}${delimiter}`;
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
        return file_command_issueFileCommand('OUTPUT', file_command_prepareKeyValueMessage(name, value));
    }
    process.stdout.write(external_os_namespaceObject.EOL);
    command_issueCommand('set-output', { name }, utils_toCommandValue(value));
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
    command_issueCommand('error', toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
/**
 * Adds a warning issue
 * @param message warning issue message. Errors will be converted to string via toString()
 * @param properties optional properties to add to the annotation.
 */
function warning(message, properties = {}) {
    command_issueCommand('warning', toCommandProperties(properties), message instanceof Error ? message.toString() : message);
}
/**
 * Adds a notice issue
 * @param message notice issue message. Errors will be converted to string via toString()
 * @param properties optional properties to add to the annotation.
 */
function notice(message, properties = {}) {
    command_issueCommand('notice', toCommandProperties(properties), message instanceof Error ? message.toString() : message);
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
        return file_command_issueFileCommand('STATE', file_command_prepareKeyValueMessage(name, value));
    }
    command_issueCommand('save-state', { name }, utils_toCommandValue(value));
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
    notice(printable(line), ANNOTATION);
}
function log_warning(line) {
    warning(printable(line), ANNOTATION);
}
function fail(line) {
    process.exitCode = ExitCode.Failure;
    error(printable(line), ANNOTATION);
}
function printable(line) {
    return oneLine(line).slice(0, MAX_LINE_CHARACTERS);
}
function joined(...sentences) {
    return sentences.filter(Boolean).join(' ');
}
function messageOf(thrown) {
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
            const problem = messageOf(cancelled.reason).replace(/\.$/, '');
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

;// CONCATENATED MODULE: ./src/icr/clock.ts

const MAX_CLOCK_SKEW_MS = 30_000;
const MEASURABLE_CLOCK_SKEW_MS = 2_000;
const MAY_BE_REFUSAL = [400, 401, 403];
const IS_REFUSAL = [401, 403];
function createClock() {
    let offsetMs = 0;
    let wasCorrected = false;
    return {
        offsetMs: () => offsetMs,
        adjustBy: (response) => {
            const { status } = response;
            if (offsetMs !== 0 && IS_REFUSAL.includes(status)) {
                offsetMs = 0;
                return true;
            }
            const skewMs = clockSkewMs(response);
            const isOff = Math.abs(skewMs) > MAX_CLOCK_SKEW_MS;
            if (wasCorrected || !isOff || !MAY_BE_REFUSAL.includes(status))
                return false;
            wasCorrected = true;
            offsetMs = -skewMs;
            log_info(`The runner’s clock is ${describeClockSkew(skewMs)} the server’s, and the answer was ${status}: signing again by the server’s clock.`);
            return true;
        },
    };
}
function clockSkewMs({ dateMs, receivedMs }) {
    return dateMs === undefined ? 0 : receivedMs - dateMs;
}
function describeClockSkew(skewMs) {
    if (Math.abs(skewMs) <= MEASURABLE_CLOCK_SKEW_MS)
        return undefined;
    return `${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead of' : 'behind'}`;
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

;// CONCATENATED MODULE: ./src/icr/id.ts

const MAX_ID_CHARACTERS = 128;
const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
function isId(value) {
    return (typeof value === 'string' &&
        value.length <= MAX_ID_CHARACTERS &&
        value !== '.' &&
        value !== '..' &&
        /^[^\s/\\\p{C}]+$/u.test(value));
}
function toId(value) {
    const text = Number.isSafeInteger(value) ? String(value) : value;
    return isId(text) && !repeatsSecret(text) ? text : undefined;
}
function isSameId(one, other) {
    return one === other || (UUID.test(one) && UUID.test(other) && one.toLowerCase() === other.toLowerCase());
}

;// CONCATENATED MODULE: ./src/icr/installation.ts


const CHOSEN_BY = {
    'installation-id': 'chosen by `installation-id`',
    'organization-id': 'chosen by `organization-id`',
    'only-installation': 'chosen as the only one in the list of installations',
};
function parseInstallation(text) {
    return toInstallation(parseJson(text), 'its body', '');
}
function toInstallation(item, what, path) {
    if (!isObject(item))
        throw new ShapeError(`${what} is not an object`);
    const id = toId(item['id']);
    if (id === undefined)
        throw new ShapeError(`\`${path}id\` is missing or not an id`);
    return { id, organization: organizationOf(item) };
}
function organizationOf({ organization, organizationId }) {
    const fields = isObject(organization) ? organization : {};
    const id = toId(fields['id']) ?? toId(organizationId) ?? (isId(organization) ? organization : undefined);
    const name = fields['fullName'] ?? fields['name'];
    return id === undefined ? undefined : { id, name: typeof name === 'string' ? name : undefined };
}

;// CONCATENATED MODULE: ./src/icr/error-status.ts








function apiError(response, suspect, installation) {
    const { cause, fix, more, came } = error_status_explain(response, suspect, installation);
    const another = installation?.another &&
        `ICR lists another installation of the organization: try \`installation-id: ${installation.another}\`.`;
    return new Error(joined(cause, fix, more, another, `${came ?? describeResponse(response)}.`));
}
function error_status_explain(response, suspect, installation) {
    const { status } = response;
    if (status >= 300 && status < 400)
        return explainRedirect(response);
    if (isTransient(status, false))
        return explainUnavailable(response);
    if (isMissingRoute(response) && suspect !== undefined)
        return explainMissingRoute(response);
    const app = suspect && describeApp(response, suspect);
    if (isHtml(response) && status !== 401)
        return explainPage(response, app);
    if (status === 401 || status === 403) {
        return suspect === undefined
            ? explainLaterRefusal(status, installation)
            : explainAppRefusal(response, suspect, installation);
    }
    return explainByWords(response, app, installation);
}
function explainByWords(response, app, installation) {
    const { status, request } = response;
    const words = readWords(response);
    const more = joined(installation && `It is about ${describeInstallation(installation)}.`, app);
    const came = { came: words === undefined ? describeResponse(response) : `That is the answer to ${request}` };
    const said = words === undefined ? undefined : `ICR says “${words}” (${status}).`;
    if (status === 404 && installation !== undefined) {
        const cause = said ?? 'ICR has no such installation for the app (404).';
        const fix = installation.rule === 'installation-id'
            ? 'Compare `installation-id` with the app’s page, or set `organization-id`, which finds a reinstalled app.'
            : 'Run the job again: it may have been removed or suspended meanwhile.';
        return { cause, fix, more, ...came };
    }
    const fix = app === undefined ? 'Check `api-version` and the ids.' : 'Check `app-id`, `api-url` and `api-version`.';
    return { cause: said ?? `ICR refused the request (${status}).`, fix, more, ...came };
}
function describeInstallation({ id, rule }) {
    return `installation ${id} (${CHOSEN_BY[rule]})`;
}
function explainRedirect({ location, url }) {
    const cause = '`api-url` leads to a redirect, and redirects are not followed.';
    const { origin, pathname } = new URL(url);
    const path = pathname.slice(pathname.indexOf('/app/'));
    const target = location === undefined ? null : URL.parse(location, url);
    if (target?.origin !== origin || target.pathname === pathname || !target.pathname.endsWith(path)) {
        return { cause, fix: 'Set `api-url` to the address of the API itself.' };
    }
    const base = `${origin}${target.pathname.slice(0, -path.length)}`;
    return { cause, fix: `Set \`api-url: ${quote(base, 200)}\`.` };
}
function explainUnavailable(response) {
    const { status, attempts, elapsedSeconds } = response;
    const tries = attempts === 1 ? '' : `, ${attempts} attempts in ${Math.round(elapsedSeconds)} s`;
    if (status === 429) {
        const fix = 'Run the job again later, with fewer jobs at once.';
        return { cause: `ICR limits the rate of requests (429${tries}).`, fix };
    }
    const who = isHtml(response) ? 'ICR, or a proxy before it,' : 'ICR';
    return { cause: `${who} is unavailable (${status}${tries}).`, fix: 'Run the job again later.' };
}
function isMissingRoute({ status, text }) {
    return status === 410 || (status === 404 && (saysNoRoute(text) || tryJson(text) === undefined));
}
function explainMissingRoute({ status, url }) {
    const { origin, pathname } = new URL(url);
    return {
        cause: `ICR’s API is not at \`api-url\` (${status}).`,
        fix: pathname.startsWith('/app/')
            ? `ICR may have moved it under a version: try \`api-url: ${origin}/v0.5\`.`
            : 'Check `api-url`, its path included.',
    };
}
function explainPage({ host, status, request }, app) {
    return {
        cause: 'The request was refused on the way, likely by a proxy or firewall.',
        fix: `Allow ${host} on it: the answer is a page of HTML, not one of ICR’s errors.`,
        more: app && `If nothing there refuses it: ${app}`,
        came: `The answer to ${request} was ${status}`,
    };
}
function explainLaterRefusal(status, installation) {
    return status === 403 && installation !== undefined
        ? {
            cause: 'The installation is suspended, or the app has no right to it.',
            fix: 'Check its id, then ask the organization’s admin to lift a suspension. `app-id` and the key are right.',
            more: `It is ${describeInstallation(installation)}.`,
        }
        : {
            cause: 'ICR took the app’s JWT a moment ago and refuses it now.',
            fix: 'Run the job again. If it fails again, check that the app’s key was not revoked meanwhile.',
        };
}
function explainAppRefusal(response, credential, installation) {
    const { appId, input } = credential;
    const fingerprint = credential.fingerprint();
    const app = `\`app-id\` ${quote(appId, 128)}`;
    const more = joined(describeWay(response, credential), installation && 'A suspended installation is refused too.');
    const skewMs = clockSkewMs(response);
    if (Math.abs(skewMs) > MAX_CLOCK_SKEW_MS && !credential.isValidAt((response.receivedMs - skewMs) / 1000)) {
        return {
            cause: `The runner’s clock is ${describeClockSkew(skewMs)} ICR’s, and ICR refused \`jwt\`.`,
            fix: 'Correct the clock of the machine that signed it, which is likely the runner.',
            more: `If it is right: ${more}`,
        };
    }
    if (input === 'jwt') {
        const fix = 'Compare its `iss` and the key that signed it with the app’s “Credentials” tab.';
        return { cause: `ICR refused \`jwt\` of ${app}.`, fix, more };
    }
    const key = fingerprint === undefined ? 'Compare the key of `sign-command` with' : `Look for SHA256:${fingerprint} on`;
    return {
        cause: `ICR refused ${app} with this key.`,
        fix: `${key} the app’s “Credentials” tab.`,
        more: `If the key is not there, it was revoked or is another app’s. ${more}`,
    };
}
function describeApp(response, credential) {
    const fingerprint = credential.fingerprint();
    const key = fingerprint === undefined ? '' : ` with the key SHA256:${fingerprint}`;
    return `The app is \`app-id\` ${quote(credential.appId, 128)}${key}. ${describeWay(response, credential)}`;
}
const WAYS = {
    'private-key': undefined,
    'sign-command': 'Check that `sign-command` signs RSASSA-PKCS1-v1_5 with SHA-256, not PSS, and with the app’s key.',
    jwt: 'A JWT from outside can’t be signed again here.',
};
function describeWay(response, { input }) {
    const skew = describeClockSkew(clockSkewMs(response));
    return joined(WAYS[input], `The request went to ${response.host}: production keys don’t work in the sandbox, or vice versa.`, skew && `The runner’s clock is ${skew} ICR’s.`);
}

;// CONCATENATED MODULE: ./src/icr/installation-list.ts



const QUERIES = [
    (page) => `?limit=100&page=${page}`,
    (page) => `?limit=10&page=${page}`,
    () => '',
];
const BAD_QUERY = [400, 422];
const TOTAL = /^total(?:_?(?:count|items|results))?$/i;
async function* readInstallationList(get, toError) {
    const seenIds = new Set();
    let query = 0;
    let total;
    let pagesWithoutNews = 0;
    for (let page = 0;; page += 1) {
        const response = await getPage(page);
        const isRefused = BAD_QUERY.includes(response.status) || response.status === 404;
        if (isRefused && total !== undefined && total > 0 && seenIds.size >= total)
            return;
        if (!isSuccess(response))
            throw toError(response);
        const { installations, total: told } = parseAs(response, parseInstallationPage);
        total = told ?? total;
        const news = installations.filter(({ id }) => !seenIds.has(id) && seenIds.add(id));
        yield news;
        pagesWithoutNews = news.length === 0 ? pagesWithoutNews + 1 : 0;
        const more = total !== undefined && total > seenIds.size ? total : undefined;
        const mayGoOn = more !== undefined || installations.length > 0 || seenIds.size === 0;
        if (pagesWithoutNews === 2 || (pagesWithoutNews === 1 && !mayGoOn)) {
            if (more !== undefined)
                throw incomplete(more, seenIds.size);
            return;
        }
    }
    async function getPage(page) {
        for (;; query += 1) {
            const response = await get(`/app/installations${QUERIES[query]?.(page) ?? ''}`);
            if (page > 0 || query === QUERIES.length - 1 || !BAD_QUERY.includes(response.status))
                return response;
        }
    }
}
function incomplete(total, read) {
    return new Error(`ICR says that the app has ${total} installations, and its list gave ${read}. Set \`organization-id\`, or, if it is set, \`installation-id\`: the one that is wanted may be among the others. No token was minted.`);
}
function parseInstallationPage(text) {
    const body = parseJson(text);
    const list = findList(body);
    if (list === undefined)
        throw new ShapeError('`installations` is missing or not a list');
    const installations = list.map((item, index) => {
        const path = `installations[${index}]`;
        return toInstallation(item, `\`${path}\``, `${path}.`);
    });
    const [total] = placesOfTotal(body)
        .flatMap((place) => Object.entries(place).filter(([name]) => TOTAL.test(name)))
        .map(([, value]) => toCount(value))
        .filter((count) => count !== undefined);
    return { installations, total };
}
function findList(body) {
    if (Array.isArray(body))
        return body;
    if (!isObject(body))
        return undefined;
    const { installations } = body;
    if (Array.isArray(installations))
        return installations;
    const lists = Object.values(body).filter((value) => Array.isArray(value));
    const [list, ...others] = lists.length > 1 ? lists.filter(({ length }) => length > 0) : lists;
    return others.length === 0 ? list : undefined;
}
function placesOfTotal(body) {
    if (!isObject(body))
        return [];
    const named = Object.entries(body).filter(([name]) => /^_?(?:pagination|paging|page|pageinfo|meta)$/i.test(name));
    return [...named.map(([, value]) => value), body].filter(isObject);
}
function toCount(value) {
    const count = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    return typeof count === 'number' && !Number.isNaN(count) ? count : undefined;
}

;// CONCATENATED MODULE: ./src/icr/minted-token.ts





const TOKEN_LIFETIME_MS = 2 * 60 * 60 * 1000;
const MINT = { method: 'POST', body: {}, attemptSeconds: 30, maxUnansweredRetries: 2, graceSeconds: 5 };
async function mintToken(path, send, toError) {
    let unseen = 0;
    try {
        const response = await send({ ...MINT, path });
        unseen = response.unanswered;
        if (!isSuccess(response)) {
            const token = tryAs(response, parseAccessToken)?.token ?? '';
            if (isSafeToken(token))
                maskSecret(token);
            throw toError(response);
        }
        unseen += 1;
        const minted = parseAs(response, parseAccessToken);
        maskSecret(minted.token);
        const expiresAt = minted.expiresAt ?? endOfTokenMintedAt(response.dateMs ?? response.receivedMs);
        return { ...minted, expiresAt, isExpiryAssumed: minted.expiresAt === undefined };
    }
    catch (error) {
        throw withUnseenTokens(error, error instanceof RequestError ? error.unanswered : unseen);
    }
}
function isSafeToken(token) {
    return /^[\x21-\x7e]{16,}$/.test(token);
}
function withUnseenTokens(error, count) {
    if (count === 0)
        return error;
    const tokens = count === 1 ? 'a token that nobody has seen: it' : `up to ${count} tokens that nobody has seen: they`;
    const end = endOfTokenMintedAt(Date.now());
    return new Error(`${messageOf(error)} ICR may have minted ${tokens} would be valid until ${end}. This moved no credits.`, { cause: error });
}
function endOfTokenMintedAt(mintedMs) {
    return new Date(mintedMs + TOKEN_LIFETIME_MS).toISOString();
}
function parseAccessToken(text) {
    const body = parseJson(text);
    if (!isObject(body))
        throw new ShapeError('its body is not an object');
    const { token } = body;
    if (typeof token !== 'string' || token === '')
        throw new ShapeError('`token` is missing or not a string');
    return {
        token,
        expiresAt: toUtc(body['expiresAt']),
        isActive: body['isActive'] !== false,
        permissions: toPermissions(body['permissions']),
        installationId: asText(body['installationId']),
        organizationId: asText(body['organizationId']),
    };
}
function toUtc(value) {
    if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(value))
        return undefined;
    const time = Date.parse(value);
    if (Number.isNaN(time))
        return undefined;
    return value.endsWith('Z') ? value : new Date(time).toISOString();
}
function toPermissions(value) {
    if (!isObject(value))
        return undefined;
    const granted = Object.entries(value).filter(([, level]) => level !== null && level !== false);
    return new Map(granted.map(([name, level]) => [name, asText(level) ?? '']));
}
function asText(value) {
    if (value == null)
        return undefined;
    return typeof value === 'string' || Number.isSafeInteger(value) ? String(value) : '(not a string)';
}

;// CONCATENATED MODULE: ./src/icr/api.ts









const HINT_SECONDS = 25;
function createIcrApi(send, credential, budget) {
    const clock = createClock();
    let isAppAccepted = false;
    async function request(http, within = budget) {
        const attempt = async () => {
            const bearer = await credential.jwt(clock.offsetMs(), within.cancelled);
            const response = await send({ ...http, bearer }, within);
            isAppAccepted ||= isSuccess(response) && holdsJson(response);
            return response;
        };
        const first = await attempt();
        const isWorthRepeating = !isAppAccepted && credential.input !== 'jwt' && clock.adjustBy(first);
        return isWorthRepeating ? attempt() : first;
    }
    const get = (path) => request({ method: 'GET', path });
    const toError = (response, installation) => apiError(response, isAppAccepted ? undefined : credential, installation);
    return {
        getInstallation: async (id) => {
            const response = await get(installationPath(id));
            if (!isSuccess(response))
                throw toError(response, { id, organization: undefined, rule: 'installation-id' });
            return parseAs(response, parseInstallation);
        },
        findInstallation: async (id) => {
            const response = await get(installationPath(id));
            const { status } = response;
            if (status >= 400 && status < 500 && status !== 401 && status !== 429)
                return undefined;
            if (!isSuccess(response))
                throw toError(response);
            return tryAs(response, parseInstallation);
        },
        findOrganizationInstallation: async (organizationId) => {
            const path = `/app/organizations/${encodeURIComponent(organizationId)}/installation`;
            await credential.jwt(clock.offsetMs(), budget.cancelled);
            try {
                const response = await request({ method: 'GET', path }, partOf(budget, HINT_SECONDS));
                return isSuccess(response) ? tryAs(response, parseInstallation) : undefined;
            }
            catch (error) {
                if (error instanceof RequestError && !error.affectsEveryRequest)
                    return undefined;
                throw error;
            }
        },
        listInstallations: () => readInstallationList(get, toError),
        mintToken: (installation) => {
            const owner = installation === undefined ? '/app' : installationPath(installation.id);
            return mintToken(`${owner}/accessTokens`, request, (response) => toError(response, installation));
        },
    };
}
function holdsJson({ text }) {
    const body = tryJson(text);
    return typeof body === 'object' && body !== null;
}
function installationPath(id) {
    return `/app/installations/${encodeURIComponent(id)}`;
}

;// CONCATENATED MODULE: ./src/icr/connection.ts

const DEFAULT_API_URL = 'https://api.carbonregistry.com';
function connectToIcr(apiUrl, apiVersion) {
    const headers = apiVersion === '' ? {} : { 'x-icr-api-version': apiVersion };
    return createHttpClient(apiUrl, headers, apiUrl === DEFAULT_API_URL);
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
        const facts = error instanceof RequestError ? error.facts : messageOf(error);
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

;// CONCATENATED MODULE: ./node_modules/@actions/github/lib/context.js


class Context {
    /**
     * Hydrate the context from the environment
     */
    constructor() {
        var _a, _b, _c;
        this.payload = {};
        if (process.env.GITHUB_EVENT_PATH) {
            if ((0,external_fs_namespaceObject.existsSync)(process.env.GITHUB_EVENT_PATH)) {
                this.payload = JSON.parse((0,external_fs_namespaceObject.readFileSync)(process.env.GITHUB_EVENT_PATH, { encoding: 'utf8' }));
            }
            else {
                const path = process.env.GITHUB_EVENT_PATH;
                process.stdout.write(`GITHUB_EVENT_PATH ${path} does not exist${external_os_namespaceObject.EOL}`);
            }
        }
        this.eventName = process.env.GITHUB_EVENT_NAME;
        this.sha = process.env.GITHUB_SHA;
        this.ref = process.env.GITHUB_REF;
        this.workflow = process.env.GITHUB_WORKFLOW;
        this.action = process.env.GITHUB_ACTION;
        this.actor = process.env.GITHUB_ACTOR;
        this.job = process.env.GITHUB_JOB;
        this.runAttempt = parseInt(process.env.GITHUB_RUN_ATTEMPT, 10);
        this.runNumber = parseInt(process.env.GITHUB_RUN_NUMBER, 10);
        this.runId = parseInt(process.env.GITHUB_RUN_ID, 10);
        this.apiUrl = (_a = process.env.GITHUB_API_URL) !== null && _a !== void 0 ? _a : `https://api.github.com`;
        this.serverUrl = (_b = process.env.GITHUB_SERVER_URL) !== null && _b !== void 0 ? _b : `https://github.com`;
        this.graphqlUrl =
            (_c = process.env.GITHUB_GRAPHQL_URL) !== null && _c !== void 0 ? _c : `https://api.github.com/graphql`;
    }
    get issue() {
        const payload = this.payload;
        return Object.assign(Object.assign({}, this.repo), { number: (payload.issue || payload.pull_request || payload).number });
    }
    get repo() {
        if (process.env.GITHUB_REPOSITORY) {
            const [owner, repo] = process.env.GITHUB_REPOSITORY.split('/');
            return { owner, repo };
        }
        if (this.payload.repository) {
            return {
                owner: this.payload.repository.owner.login,
                repo: this.payload.repository.name
            };
        }
        throw new Error("context.repo requires a GITHUB_REPOSITORY environment variable like 'owner/repo'");
    }
}
//# sourceMappingURL=context.js.map
;// CONCATENATED MODULE: ./src/inputs/event.ts


const PULL_REQUEST_EVENTS = new Set(['pull_request', 'pull_request_review', 'pull_request_review_comment']);
function readEvent() {
    const name = process.env['GITHUB_EVENT_NAME'] ?? '';
    const actor = process.env['GITHUB_ACTOR'] ?? '';
    try {
        return { name, actor, payload: new Context().payload };
    }
    catch {
        return { name, actor, payload: {} };
    }
}
function explainMissingSecrets({ name, actor, payload }) {
    if (isDependabot({ actor }))
        return 'Dependabot started it';
    const repository = field(payload, 'repository');
    const head = field(field(payload, 'pull_request'), 'head');
    const base = field(repository, 'full_name');
    const fork = field(head, 'repo');
    const isFromFork = head != null && typeof base === 'string' && field(fork, 'full_name') !== base;
    if (isFromFork && PULL_REQUEST_EVENTS.has(name))
        return `it is for a pull request from a fork${nameOf(fork)}`;
    return field(repository, 'fork') === true ? `its repository is a fork${nameOf(repository)}` : undefined;
}
function isDependabot({ actor }) {
    return actor === 'dependabot[bot]';
}
function isRepositoryPrivate({ payload }) {
    const repository = field(payload, 'repository');
    const visibility = field(repository, 'visibility');
    return visibility === undefined ? field(repository, 'private') === true : visibility === 'private';
}
function nameOf(repository) {
    const name = field(repository, 'full_name');
    return typeof name === 'string' ? ` (${quote(name, 141)})` : '';
}
function field(value, name) {
    return Reflect.get(Object(value), name);
}

;// CONCATENATED MODULE: ./node_modules/jose/dist/webapi/lib/buffer_utils.js
const encoder = new TextEncoder(), buffer_utils_decoder = new TextDecoder(), strictDecoder = new TextDecoder("utf-8", { fatal: !0 }), UINT32_RANGE = (/* unused pure expression or super */ null && (2 ** 32));
function concat(...buffers) {
  const size = buffers.reduce((acc, { length }) => acc + length, 0), buf = new Uint8Array(size);
  let i = 0;
  for (const buffer of buffers)
    buf.set(buffer, i), i += buffer.length;
  return buf;
}
function writeUInt32BE(buf, value, offset) {
  if (value < 0 || value >= UINT32_RANGE)
    throw new RangeError(`value must be >= 0 and <= ${UINT32_RANGE - 1}. Received ${value}`);
  buf.set([value >>> 24, value >>> 16, value >>> 8, value & 255], offset);
}
function uint64be(value) {
  const high = Math.floor(value / UINT32_RANGE), low = value % UINT32_RANGE, buf = new Uint8Array(8);
  return writeUInt32BE(buf, high, 0), writeUInt32BE(buf, low, 4), buf;
}
function uint32be(value) {
  const buf = new Uint8Array(4);
  return writeUInt32BE(buf, value), buf;
}
const NON_ASCII = /[^\x00-\x7f]/;
function encode(string) {
  if (typeof string == "string" && string.length >= 128) {
    if (NON_ASCII.test(string))
      throw new TypeError("non-ASCII string encountered in encode()");
    return encoder.encode(string);
  }
  const bytes = new Uint8Array(string.length);
  for (let i = 0; i < string.length; i++) {
    const code = string.charCodeAt(i);
    if (code > 127)
      throw new TypeError("non-ASCII string encountered in encode()");
    bytes[i] = code;
  }
  return bytes;
}
function encodeBase64(input, url = !1) {
  if (Uint8Array.prototype.toBase64)
    return input.toBase64({ alphabet: url ? "base64url" : "base64", omitPadding: url });
  const CHUNK_SIZE = 32768, arr = [];
  for (let i = 0; i < input.length; i += CHUNK_SIZE)
    arr.push(String.fromCharCode.apply(null, input.subarray(i, i + CHUNK_SIZE)));
  const encoded = btoa(arr.join(""));
  return url ? encoded.replace(/=/g, "").replace(/\+/g, "-").replace(/\//g, "_") : encoded;
}
function buffer_utils_decodeBase64(encoded, url = !1) {
  if (Uint8Array.fromBase64)
    return Uint8Array.fromBase64(encoded, { alphabet: url ? "base64url" : "base64" });
  if (url) {
    if (encoded.includes("+") || encoded.includes("/"))
      throw new TypeError("Invalid base64url");
    encoded = encoded.replace(/-/g, "+").replace(/_/g, "/");
  }
  const binary = atob(encoded), bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++)
    bytes[i] = binary.charCodeAt(i);
  return bytes;
}
async function digest(algorithm, data) {
  const subtleDigest = `SHA-${algorithm.slice(-3)}`;
  return new Uint8Array(await crypto.subtle.digest(subtleDigest, data));
}


;// CONCATENATED MODULE: ./node_modules/jose/dist/webapi/util/base64url.js

const invalid = "The input to be decoded is not correctly encoded.";
function decode(input) {
  try {
    return decodeBase64(typeof input == "string" ? input : decoder.decode(input), !0);
  } catch (cause) {
    throw new TypeError(invalid, { cause });
  }
}
function base64url_encode(input) {
  return encodeBase64(typeof input == "string" ? encoder.encode(input) : input, !0);
}


;// CONCATENATED MODULE: ./src/icr/app-jwt.ts


const ALGORITHM = 'RS256';
const ISSUED_BEFORE_NOW_SECONDS = 60;
const MAX_LIFETIME_SECONDS = 600;
const LIFETIME_SECONDS = 540;
async function signAppJwt(appId, sign, nowSeconds, cancelled) {
    const header = { alg: ALGORITHM, typ: 'JWT' };
    const claims = {
        iss: appId,
        iat: nowSeconds - ISSUED_BEFORE_NOW_SECONDS,
        exp: nowSeconds + LIFETIME_SECONDS,
        alg: ALGORITHM,
    };
    const signingInput = [header, claims].map((part) => base64url_encode(JSON.stringify(part))).join('.');
    return `${signingInput}.${base64url_encode(await sign(signingInput, cancelled))}`;
}
function readAppJwt(jwt, nowSeconds) {
    if (/^bearer\s/i.test(jwt))
        throw new Error('`jwt` begins with “Bearer ”. Give it the JWT alone.');
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(jwt)) {
        throw new Error('`jwt` is not a signed JWT. Give it whole: three base64url parts with dots between them. A private key belongs in `private-key`.');
    }
    const [{ alg }, { iss, iat, exp }] = readParts(jwt);
    if (alg !== ALGORITHM)
        throw new Error('`jwt` is not signed with RS256. Sign it with RS256, which is all that ICR takes.');
    if (typeof iss !== 'string' || iss === '') {
        throw new Error('`jwt` has no claim `iss`. Sign one whose `iss` is the app’s ID, as a string.');
    }
    if (typeof exp !== 'number') {
        throw new Error('`jwt` has no claim `exp` that is a number. Sign one that expires within 10 minutes.');
    }
    if (exp <= nowSeconds) {
        throw new Error(`\`jwt\` expired ${nowSeconds - Math.floor(exp)} s ago by the runner’s clock. Sign it in the same job, right before this step: it is valid for 10 minutes at most.`);
    }
    const issuedAt = typeof iat === 'number' ? iat : 0;
    return { issuer: iss, isValidAt: (now) => issuedAt <= now && now < exp && exp <= now + MAX_LIFETIME_SECONDS };
}
function readParts(jwt) {
    const [header, claims] = jwt.split('.').map(toFields);
    if (header !== undefined && claims !== undefined)
        return [header, claims];
    throw new Error('`jwt` can’t be decoded: its header or its claims are not JSON. Sign a new one and give it whole.');
}
function toFields(part) {
    const value = tryJson(Buffer.from(part, 'base64url').toString());
    return isObject(value) ? value : undefined;
}

;// CONCATENATED MODULE: external "node:crypto"
const external_node_crypto_namespaceObject = require("node:crypto");
;// CONCATENATED MODULE: ./src/signing/pem.ts

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----((?:(?!-----).)*)-----END \1-----/gs;
const BOUNDARY = /-{1,5} ?(?:BEGIN|END)[A-Z0-9 ]{0,40}?(?:KEY|CERTIFICATE)-*/g;
const STANDARD_LINE = /[\w+/=]{1,64}/g;
const MIN_LINE_CHARACTERS = 16;
const MIN_KEY_BYTES = 300;
function readPasted(raw) {
    const layers = layersOf(raw);
    const text = layers.at(-1) ?? '';
    const blocks = [...text.matchAll(BLOCK)].map(([, label = '', body = '']) => ({ label, body: squeeze(body) }));
    const block = blocks.find(({ label }) => label.endsWith('PRIVATE KEY')) ?? blocks[0];
    const bodies = block === undefined ? [linesOf(text).join('')] : blocks.map(({ body }) => body);
    const standardLines = bodies.flatMap((body) => body.match(STANDARD_LINE) ?? []);
    const secretLines = new Set([...layers.flatMap(linesOf), ...[...bodies, ...standardLines].filter(isLong)]);
    return { raw, text, hasBlock: block !== undefined, bytes: base64Bytes(block?.body ?? text), secretLines };
}
function readMasked(raw) {
    const pasted = readPasted(raw);
    for (const line of pasted.secretLines)
        maskSecret(line);
    return pasted;
}
function holdsKey({ text, bytes }) {
    return /BEGIN [A-Z ]*PRIVATE KEY/.test(text) || bytes.length >= MIN_KEY_BYTES;
}
function layersOf(raw) {
    const text = unpack(raw);
    const inner = unpack(base64Bytes(text).toString('utf8'));
    return /-----BEGIN|^[\t\n\r -~]+$/.test(inner) ? [text, ...layersOf(inner)] : [text];
}
function unpack(raw) {
    return raw
        .replace(/[\0\u200B-\u200D\u2060\uFEFF\uFFFD]/g, '')
        .replace(/\\{1,4}r\\{1,4}n|\\{1,4}[rn]/g, '\n')
        .trim()
        .replace(/^(["'`])(.*)\1$/s, '$2')
        .trim();
}
function base64Bytes(text) {
    const base64 = squeeze(text);
    return Buffer.from(/^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? base64 : '', 'base64');
}
function linesOf(text) {
    return text.replace(BOUNDARY, '\n').split(/\s+/).filter(isLong);
}
function isLong(line) {
    return line.length >= MIN_LINE_CHARACTERS;
}
function squeeze(text) {
    return text.replace(/\s+/g, '');
}

;// CONCATENATED MODULE: ./src/signing/diagnosis.ts



const ENCRYPTED = 'is encrypted: decrypt it with its passphrase (openssl pkey -in key.pem)';
const diagnosis_CERTIFICATE = 'is a certificate, not a private key';
const PUBLIC = 'is a public key: the private half is needed';
const BY_TEXT = [
    [/^\*+$/, 'is `***`: a masked value from a log, not the key itself'],
    [/^\$\{?\w+\}?$/, 'is the name of a variable, which GitHub doesn’t expand here'],
    [/ENCRYPTED/, ENCRYPTED],
    [/BEGIN OPENSSH PRIVATE KEY/, 'is an OpenSSH key: ICR Apps use RSA keys in PEM'],
    [/BEGIN CERTIFICATE/, diagnosis_CERTIFICATE],
    [/BEGIN (?:RSA )?PUBLIC KEY|^ssh-(?:rsa|ed25519) /, PUBLIC],
    [/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/, 'is a JWT: give it to the input `jwt` instead'],
];
const BY_BYTES = [
    [(der) => new external_node_crypto_namespaceObject.X509Certificate(der), diagnosis_CERTIFICATE],
    [(key) => (0,external_node_crypto_namespaceObject.createPublicKey)({ key, format: 'der', type: 'spki' }), PUBLIC],
    [(key) => (0,external_node_crypto_namespaceObject.createPublicKey)({ key, format: 'der', type: 'pkcs1' }), PUBLIC],
];
const PATH = /^(?:~|\.{0,2}[\\/]|[A-Za-z]:[\\/]|file:)[^\n]{0,255}$|^[^\n]{1,255}\.(?:pem|key|der|txt|p8)$|^[\w.-]{1,64}(?:[\\/][\w.-]{1,64}){1,3}$/i;
function diagnose(pasted) {
    const { raw, text, hasBlock, bytes } = pasted;
    const known = BY_TEXT.find(([pattern]) => pattern.test(text)) ?? BY_BYTES.find(([read]) => orUndefined(() => read(bytes)));
    if (known !== undefined)
        return known[1];
    if (PATH.test(raw.trim()))
        return 'is the path of a file: the input takes the text of the key itself';
    if (!hasBlock && /-----\s*(?:BEGIN|END)|(?:BEGIN|END) (?:RSA )?PRIVATE KEY/.test(text))
        return 'is cut off: its beginning or its end is missing';
    return holdsKey(pasted) ? 'is cut off or damaged: it can’t be read' : 'is not a private key in PEM';
}

;// CONCATENATED MODULE: ./src/signing/private-key.ts



const MIN_MODULUS_BITS = 2048;
const NEXT_STEP = 'Give the input `private-key` the whole text of the .pem file from the app’s “Credentials” tab.';
function readPrivateKey(pasted) {
    const key = importDer(pasted.bytes, 'pkcs8') ?? importDer(pasted.bytes, 'pkcs1') ?? refuse(diagnose(pasted));
    const type = key.asymmetricKeyType;
    if (type === 'rsa-pss')
        refuse('is an RSA-PSS key, which can’t sign RS256: ICR Apps use RSA keys');
    if (type === 'ec')
        refuse('is an elliptic-curve (EC) key: ICR Apps use RSA keys');
    if (type !== 'rsa')
        refuse(`is a key of type ${type}: ICR Apps use RSA keys`);
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    if (bits < MIN_MODULUS_BITS)
        refuse(`is an RSA key of ${bits} bits: RS256 needs at least ${MIN_MODULUS_BITS}`);
    return key;
}
function importDer(der, type) {
    try {
        return (0,external_node_crypto_namespaceObject.createPrivateKey)({ key: der, format: 'der', type });
    }
    catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ERR_MISSING_PASSPHRASE')
            refuse(ENCRYPTED);
        return undefined;
    }
}
function fingerprint(key) {
    const spki = (0,external_node_crypto_namespaceObject.createPublicKey)(key).export({ type: 'spki', format: 'der' });
    return (0,external_node_crypto_namespaceObject.createHash)('sha256').update(spki).digest('base64');
}
function signWithKey(key, text) {
    const bytes = Buffer.from(text);
    const verified = orUndefined(() => {
        const signature = (0,external_node_crypto_namespaceObject.sign)('sha256', bytes, key);
        return (0,external_node_crypto_namespaceObject.verify)('sha256', bytes, (0,external_node_crypto_namespaceObject.createPublicKey)(key), signature) ? signature : undefined;
    });
    return verified ?? refuse('is damaged: what it signs can’t be verified');
}
function refuse(mistake) {
    throw new Error(`\`private-key\` ${mistake}. ${NEXT_STEP}`);
}

;// CONCATENATED MODULE: ./src/signing/end-command.ts


const GRACE_MS = 2_000;
const POLL_MS = 50;
const MAX_KILL_ROUNDS = 5;
const pause = () => new Promise((resolve) => void setTimeout(resolve, POLL_MS));
async function endCommand(bash, mark) {
    if (!signalCommand(bash, mark, 'SIGTERM'))
        return;
    const deadline = performance.now() + GRACE_MS;
    while (performance.now() < deadline && signalCommand(bash, mark, 0))
        await pause();
    for (let round = 0; round < MAX_KILL_ROUNDS && signalCommand(bash, mark, 'SIGKILL'); round += 1)
        await pause();
}
function signalCommand(bash, mark, signal) {
    if (bash.pid === undefined)
        return false;
    if (process.platform === 'win32')
        return signal !== 0 && endTree(bash);
    const ids = process.platform === 'linux' ? processesOf(bash.pid, mark) : [-bash.pid];
    return ids.map((id) => orUndefined(() => process.kill(id, signal))).includes(true);
}
function endTree({ pid, exitCode, signalCode }) {
    if (exitCode !== null || signalCode !== null)
        return false;
    const { spawnSync } = process.getBuiltinModule('node:child_process');
    spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true });
    return true;
}
function processesOf(group, mark) {
    const ids = (0,external_node_fs_namespaceObject.readdirSync)('/proc').filter((name) => /^\d+$/.test(name));
    return ids.filter((id) => isIn(group, readProc(id, 'stat')) || readProc(id, 'environ').includes(mark)).map(Number);
}
function isIn(group, stat) {
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state !== 'Z' && processGroup === String(group);
}
function readProc(id, name) {
    return orUndefined(() => (0,external_node_fs_namespaceObject.readFileSync)(`/proc/${id}/${name}`, 'utf8')) ?? '';
}

;// CONCATENATED MODULE: ./src/signing/bash.ts


const MAX_STDOUT_BYTES = 64 * 1024;
const MAX_STDERR_BYTES = 16 * 1024 * 1024;
const bash_POLL_MS = 50;
function bashProcess(command, platform) {
    return { args: ['--noprofile', '--norc', '-eo', 'pipefail', '-c', command], detached: platform !== 'win32' };
}
async function runInBash(command, stdio, env, mark, timeLimitMs, cancelled) {
    cancelled?.throwIfAborted();
    const { args, detached } = bashProcess(command, process.platform);
    const { spawn } = process.getBuiltinModule('node:child_process');
    const child = spawn('bash', args, { env, detached, stdio, windowsHide: true });
    const { promise, resolve, reject } = Promise.withResolvers();
    const [, stdout, stderr] = stdio;
    const deadline = performance.now() + timeLimitMs;
    const checkLimits = () => {
        if ((0,external_node_fs_namespaceObject.fstatSync)(stdout).size > MAX_STDOUT_BYTES)
            resolve('long stdout');
        if ((0,external_node_fs_namespaceObject.fstatSync)(stderr).size > MAX_STDERR_BYTES)
            resolve('long stderr');
        if (performance.now() > deadline)
            resolve('timeout');
    };
    const poll = setInterval(checkLimits, bash_POLL_MS);
    cancelled?.addEventListener('abort', () => reject(cancelled.reason));
    const settle = (exitCode, signal) => {
        checkLimits();
        resolve(signal ?? exitCode ?? 0);
    };
    child.once('error', reject);
    child.once('exit', settle);
    try {
        return await promise;
    }
    finally {
        clearInterval(poll);
        child.off('exit', settle);
        await endCommand(child, mark);
    }
}

;// CONCATENATED MODULE: ./src/signing/signature.ts
const SIGNATURE_BYTES = [256, 384, 512];
const MIN_HEX_DIGITS = 480;
function readSignature(stdout) {
    const text = stdout.toString('latin1').trim();
    if (text === '')
        return { mistake: 'printed nothing' };
    if (/^[{[][\t\n\r\x20-\x7e]*$/.test(text))
        return { mistake: 'printed JSON, not the signature alone' };
    if (isHexadecimal(text))
        return { mistake: 'printed hexadecimal, not base64 or the raw bytes' };
    const decoded = signature_decodeBase64(text);
    const signature = decoded ?? stdout;
    const { length } = signature;
    if (SIGNATURE_BYTES.includes(length))
        return { signature };
    const count = decoded === undefined ? `${length} bytes` : `base64 of ${length} bytes`;
    const isEllipticCurve = (length >= 64 && length <= 72) || (length >= 96 && length <= 104);
    const reason = isEllipticCurve ? 'likely an elliptic-curve signature' : 'not the 256, 384 or 512 of RSA';
    return { mistake: `printed ${count}, ${reason}` };
}
function isHexadecimal(text) {
    const words = text.match(/(?<![\da-z])(?:0?x)?[\da-f]{2,}(?![\da-z])/gi) ?? [];
    return words.join('').length >= MIN_HEX_DIGITS;
}
function signature_decodeBase64(text) {
    const base64 = text.replace(/[\s"'`]/g, '').replace(/^[\w.:-]*:/, '');
    return /^[\w+/-]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}

;// CONCATENATED MODULE: ./src/signing/sign-command.ts






const TIME_LIMIT_MS = 30_000;
const NOT_FOR_COMMANDS = /^(?:INPUT|STATE|ACTIONS_(?:RUNTIME|CACHE|RESULTS))_/i;
const MAX_STDERR_CHARACTERS_READ = 64 * 1024;
const STDERR_CHARACTERS = 300;
const LIKE_SIGNATURE = /(?:(?=(?:[^A-Z ]{0,40}[A-Z]){8})[\w+/=-]{60,} ?)+(?:[\w+/=-]{16,})?|(?:[\da-fA-F]{2}[ :]?){40,}/g;
const NOT_FOUND = 127;
const PRINT_SIGNATURE = 'It must print an RSASSA-PKCS1-v1_5 signature with SHA-256, as base64 or raw bytes, and nothing else.';
async function signByCommand(command, signingInput, cancelled, timeLimitMs = TIME_LIMIT_MS) {
    const { folder, stdio } = createFiles(signingInput);
    try {
        const env = environment(`${folder}/input`, signingInput);
        const end = await runInBash(command, stdio, env, folder, timeLimitMs, cancelled).catch(explainStart);
        const said = () => quoteEnd((0,external_node_fs_namespaceObject.readFileSync)(`${folder}/stderr`, 'utf8'));
        if (end !== 0)
            throw new Error(`\`sign-command\` ${describeEnd(end, timeLimitMs, said)}`);
        const printed = readSignature((0,external_node_fs_namespaceObject.readFileSync)(`${folder}/stdout`));
        if ('signature' in printed)
            return printed.signature;
        throw new Error(`\`sign-command\` ${printed.mistake}. ${PRINT_SIGNATURE}${said()}`);
    }
    finally {
        for (const descriptor of stdio)
            (0,external_node_fs_namespaceObject.closeSync)(descriptor);
        removeFolder(folder);
    }
}
function createFiles(signingInput) {
    const temp = process.env['RUNNER_TEMP'] ?? '';
    const parent = process.platform === 'win32' ? temp.replaceAll('\\', '/') : temp;
    if (parent === '') {
        throw new Error('`sign-command` needs RUNNER_TEMP, which is not set. Run the action on a GitHub Actions runner.');
    }
    try {
        const folder = (0,external_node_fs_namespaceObject.mkdtempSync)(`${parent}/icr-signing-`);
        (0,external_node_fs_namespaceObject.writeFileSync)(`${folder}/input`, signingInput, { mode: 0o600 });
        const open = (name, flags) => (0,external_node_fs_namespaceObject.openSync)(`${folder}/${name}`, flags, 0o600);
        return { folder, stdio: [open('input', 'r'), open('stdout', 'a'), open('stderr', 'a')] };
    }
    catch (error) {
        throw new Error(`\`sign-command\` needs a file in RUNNER_TEMP, which can’t be written. Check that folder on the runner. The system says: ${messageOf(error)}.`, { cause: error });
    }
}
function removeFolder(folder) {
    try {
        (0,external_node_fs_namespaceObject.rmSync)(folder, { recursive: true, force: true });
    }
    catch (error) {
        log_warning(`The folder ${folder} could not be removed (${messageOf(error)}). It holds no key: delete it.`);
    }
}
function environment(file, signingInput) {
    const others = Object.entries(process.env).filter(([name]) => !NOT_FOR_COMMANDS.test(name));
    const digest = (0,external_node_crypto_namespaceObject.createHash)('sha256').update(signingInput).digest('base64');
    return { ...Object.fromEntries(others), ICR_SIGNING_INPUT: file, ICR_SIGNING_DIGEST: digest };
}
function explainStart(error) {
    if (!(error instanceof Error && 'code' in error))
        throw error;
    const message = error.code === 'ENOENT'
        ? '`sign-command` needs `bash`, which is not on the PATH. Install it on the runner, or use another runner.'
        : `\`sign-command\` could not be started (${error.code}). Check the runner’s memory and its limit of processes.`;
    throw new Error(message, { cause: error });
}
function describeEnd(end, timeLimitMs, said) {
    switch (end) {
        case 'timeout':
            return `did not end within ${timeLimitMs / 1000} s. Check that it asks for no input, and that the signer can be reached.${said()}`;
        case 'long stdout':
            return `printed more than ${MAX_STDOUT_BYTES / 1024} KiB. ${PRINT_SIGNATURE}`;
        case 'long stderr':
            return `printed more than ${MAX_STDERR_BYTES / 1024 / 1024} MiB on standard error. Let it print less.`;
        case NOT_FOUND:
            return `names a program that was not found (exit code ${end}). Install it in a step before, or correct the name.${said()}`;
        default:
            return typeof end === 'number'
                ? `failed with exit code ${end}. Check the command, its credentials and its permission to sign.${said()}`
                : `was ended by ${end}. Check what ended it: the runner’s memory, or the command itself.${said()}`;
    }
}
function quoteEnd(stderr) {
    const line = lastWords(stderr, MAX_STDERR_CHARACTERS_READ).replace(/\s+/g, ' ').replace(LIKE_SIGNATURE, ' *** ');
    const quoted = quote(lastWords(line.replace(/ +/g, ' ').trim(), STDERR_CHARACTERS), Number.POSITIVE_INFINITY);
    return quoted === '' ? ' It said nothing on standard error.' : ` It said: “${quoted}”`;
}
function lastWords(text, maxCharacters) {
    return text.length <= maxCharacters ? text : `…${text.slice(-maxCharacters).replace(/^\S*/, '')}`;
}

;// CONCATENATED MODULE: ./src/icr/credential.ts




function signedWithKey(appId, key) {
    const sign = (text) => signWithKey(key, text);
    return { ...signedHere(appId, sign), input: 'private-key', fingerprint: () => fingerprint(key) };
}
function signedByCommand(appId, command) {
    const sign = (text, cancelled) => signByCommand(command, text, cancelled);
    return { ...signedHere(appId, sign), input: 'sign-command', fingerprint: () => undefined };
}
function signedHere(appId, sign) {
    const jwtByOffset = new Map();
    return {
        appId,
        jwt: async (clockOffsetMs, cancelled) => {
            const signed = jwtByOffset.get(clockOffsetMs);
            if (signed !== undefined)
                return signed;
            const nowSeconds = Math.floor((Date.now() + clockOffsetMs) / 1000);
            const jwt = await signAppJwt(appId, sign, nowSeconds, cancelled);
            maskSecret(jwt);
            jwtByOffset.set(clockOffsetMs, jwt);
            return jwt;
        },
        isValidAt: () => true,
    };
}
function signedElsewhere(jwt, { issuer, isValidAt }) {
    return {
        appId: issuer,
        input: 'jwt',
        fingerprint: () => undefined,
        jwt: async () => jwt,
        isValidAt,
    };
}

;// CONCATENATED MODULE: ./src/icr/permissions.ts

const DOCUMENTED_NAMES = [
    'organization_info',
    'organization_members',
    'organization_projects',
    'organization_warehouse',
    'organization_inventory',
];
const RANKS = new Map([
    ['read', 1],
    ['view', 1],
    ['request', 2],
    ['write', 3],
]);
function parsePermissions(input, text) {
    const permissions = new Map();
    for (const entry of text.split(/[\n\r,]/).map((part) => part.trim())) {
        if (entry === '')
            continue;
        const [, name, level] = /^([^\s:]+)\s*:\s*(\S+)$/.exec(entry) ?? [];
        if (name === undefined || level === undefined) {
            throw new Error(`\`${input}\` has an entry that is not \`name: level\`. Write one a line, such as \`organization_info: read\`.`);
        }
        if (!RANKS.has(level.toLowerCase())) {
            throw new Error(`\`${input}\` has an unknown level, \`${quote(level, 40)}\`. Use read, request or write for \`${quote(name, 60)}\`.`);
        }
        if (permissions.has(name))
            throw new Error(`\`${input}\` names \`${quote(name, 60)}\` twice. Remove one of them.`);
        permissions.set(name, level);
    }
    return permissions;
}
function missingPermissions(granted, required) {
    return filter(required, (name, level) => rank(granted.get(name), 0) < rank(level, Infinity));
}
function excessPermissions(granted, allowed) {
    return filter(granted, (name, level) => rank(level, Infinity) > rank(allowed.get(name), 0));
}
function isUnknownName(name, granted) {
    return !granted.has(name) && !DOCUMENTED_NAMES.includes(name);
}
function describePermissions(permissions) {
    return [...permissions].map(([name, level]) => `${name}: ${describeLevel(level)}`).join(', ') || 'none';
}
function describeLevel(level) {
    const known = level.toLowerCase();
    if (known === 'view')
        return 'read';
    return RANKS.has(known) ? known : level;
}
function rank(level, unknown) {
    return RANKS.get(level?.toLowerCase() ?? '') ?? unknown;
}
function filter(permissions, keep) {
    return new Map([...permissions].filter(([name, level]) => keep(name, level)));
}

;// CONCATENATED MODULE: ./src/inputs/fields.ts


function readText(name) {
    if (process.env[`INPUT_${name.toUpperCase()}`] === undefined) {
        throw new Error(`The input \`${name}\` did not reach the action. Start the action by \`uses:\`, not through a shell, which drops variables whose names have hyphens. Nothing was sent.`);
    }
    return getInput(name)
        .replace(/[\u200B-\u200D\u2060\uFEFF]/g, '')
        .trim();
}
function readId(name) {
    const text = readText(name);
    if (text === '')
        return undefined;
    if (/^\$\{?\w+\}?$/.test(text)) {
        throw new Error(`\`${name}\` is the name of a variable, which GitHub doesn’t expand here. Write an expression: \${{ … }}.`);
    }
    const id = text.replace(/^(["'])(.*)\1$/, '$2');
    if (!isId(id))
        throw new Error(`\`${name}\` is not an id: it is empty, contains a space or a slash, or is too long. Copy it from ICR’s dashboard.`);
    return id;
}
function readChoice(name, choices) {
    const text = readText(name);
    const choice = text === '' ? choices[0] : choices.find((candidate) => candidate === text);
    if (choice === undefined)
        throw new Error(`\`${name}\` must be one of: ${choices.join(', ')}.`);
    return choice;
}
function readBoolean(name) {
    if (readText(name) === '')
        return false;
    try {
        return getBooleanInput(name);
    }
    catch (error) {
        throw new Error(`\`${name}\` must be true or false.`, { cause: error });
    }
}

;// CONCATENATED MODULE: ./src/inputs/inputs.ts











function readInputs() {
    const credential = readCredential();
    const tokenType = readChoice('token-type', ['installation', 'app']);
    const organizationId = readId('organization-id');
    const installationId = readId('installation-id');
    if (tokenType === 'app' && (organizationId ?? installationId) !== undefined) {
        throw new Error('`token-type: app` is for no organization. Remove `organization-id` and `installation-id`, or set `token-type: installation`.');
    }
    const allowed = readText('allowed-permissions');
    return {
        credential,
        tokenType,
        organizationId,
        installationId,
        requiredPermissions: parsePermissions('required-permissions', readText('required-permissions')),
        allowedPermissions: allowed === '' ? undefined : parsePermissions('allowed-permissions', allowed),
        skipTokenRevoke: readBoolean('skip-token-revoke'),
        jobSummary: readBoolean('job-summary'),
        apiUrl: readApiUrl(),
        apiVersion: readApiVersion(),
        onMissingCredentials: readChoice('on-missing-credentials', ['error', 'skip']),
    };
}
function readCredential() {
    const given = {
        'private-key': readText('private-key'),
        'sign-command': readText('sign-command'),
        jwt: readText('jwt'),
    };
    if (/\s/.test(given.jwt))
        readMasked(given.jwt);
    else
        maskSecret(given.jwt);
    const key = given['private-key'] === '' ? undefined : readPrivateKey(readMasked(given['private-key']));
    assertNoKey(given['sign-command']);
    const appId = readId('app-id');
    const names = Object.entries(given).flatMap(([name, text]) => (text === '' ? [] : [`\`${name}\``]));
    if (names.length > 1) {
        throw new Error(`${names.join(' and ')} are given together. Exactly one of them is needed: remove the others.`);
    }
    if (given.jwt !== '')
        return readJwtCredential(given.jwt, appId);
    const command = given['sign-command'];
    if (key === undefined && command === '')
        return undefined;
    if (appId === undefined)
        throw new Error('`app-id` is missing. Set it to the App ID that ICR’s dashboard shows for the app.');
    return key === undefined ? signedByCommand(appId, command) : signedWithKey(appId, key);
}
function assertNoKey(command) {
    if (!holdsKey(readPasted(command)))
        return;
    readMasked(command);
    throw new Error('`sign-command` holds a key, not a command that signs. Give a key to the input `private-key`.');
}
function readJwtCredential(jwt, appId) {
    const read = readAppJwt(jwt, Math.floor(Date.now() / 1000));
    const { issuer } = read;
    if (appId !== undefined && !isSameId(appId, issuer)) {
        throw new Error(`\`app-id\` is not the \`iss\` of \`jwt\`. Set the ID of the app whose key signed it, or leave \`app-id\` out. It is ${appId}, and \`iss\` is ${quote(issuer, 128)}.`);
    }
    return signedElsewhere(jwt, read);
}
function readApiUrl() {
    const text = readText('api-url') || DEFAULT_API_URL;
    const url = URL.parse(text);
    if (url === null)
        throw new Error(`\`api-url\` must be a URL, such as ${DEFAULT_API_URL}.`);
    if (url.username !== '' || url.password !== '') {
        throw new Error('`api-url` must not contain a user name or a password: logs would show it. Remove them.');
    }
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url))) {
        throw new Error('`api-url` must begin with https://. Only for a loopback host can it begin with http://.');
    }
    if (/[?#]/.test(text))
        throw new Error('`api-url` must not contain a query (`?`) or a fragment (`#`). Set the base URL alone.');
    return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}
function readApiVersion() {
    const version = readText('api-version');
    if (!/^[\x21-\x7e]*$/.test(version))
        throw new Error('`api-version` must be a version, such as 2023-06-16.');
    return version;
}

;// CONCATENATED MODULE: ./src/inputs/missing-credentials.ts

const SKIP = 'To pass without a token, set `on-missing-credentials: skip`.';
const SKIP_OR_STORE = 'Set `on-missing-credentials: skip`, or add a key of the sandbox to the Dependabot secrets.';
const EMPTY = '`private-key`, `sign-command` and `jwt` are all empty. Set one of them. Likely causes: a misspelled secret, an environment that the job does not name, a reusable workflow without `secrets: inherit`.';
const NOT_SKIPPED = '`on-missing-credentials: skip` does not apply: it is for pull requests from a fork, runs that Dependabot started, and repositories that are forks, and this run’s event shows none of these.';
function describeMissingCredentials(event, onMissing) {
    const cause = explainMissingSecrets(event);
    if (cause === undefined) {
        return { isSkipped: false, message: `${EMPTY}${onMissing === 'skip' ? ` ${NOT_SKIPPED}` : ''}` };
    }
    const reason = `The credential is empty, likely because GitHub gives this run no secrets: ${cause}.`;
    return onMissing === 'skip'
        ? { isSkipped: true, message: `${reason} No token was minted, because \`on-missing-credentials\` is \`skip\`.` }
        : { isSkipped: false, message: `${reason} ${isDependabot(event) ? SKIP_OR_STORE : SKIP}` };
}

;// CONCATENATED MODULE: ./src/runner/file-commands.ts


function assertFileCommands() {
    for (const name of ['GITHUB_STATE', 'GITHUB_OUTPUT']) {
        const file = process.env[name] ?? '';
        if (file === '') {
            throw new Error(`${name} is not set, so the token would be printed in the log. Run the action as a step of a workflow, on a current GitHub Actions runner.`);
        }
        try {
            (0,external_node_fs_namespaceObject.closeSync)((0,external_node_fs_namespaceObject.openSync)(file, 'r+'));
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
function writeFileCommand(what, write) {
    try {
        write();
    }
    catch (error) {
        throw new Error(`The step’s ${what} could not be written. Check the runner’s disk and the permissions of its folder. The system says: ${messageOf(error)}.`, { cause: error });
    }
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
        log_warning(`The job summary could not be written. Check the runner’s disk; the token is not affected. ${messageOf(error)}`);
    }
}
function summaryText(text) {
    return oneLine(text).replace(/[!-+/;-@[-^`{-~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|(?<=www)\./giu, (character) => `&#${character.charCodeAt(0)};`);
}

;// CONCATENATED MODULE: ./src/token/checks.ts




function checkToken(minted, requirements) {
    if (!isSafeToken(minted.token)) {
        throw new Error('ICR minted a token that can’t be masked and sent safely. Report this to ICR: it has fewer than 16 characters, or white space, control or non-ASCII characters.');
    }
    const { installation } = requirements;
    const organizationId = requirements.organizationId ?? installation?.organization?.id;
    if (organizationId !== undefined)
        checkIsFor('organization', minted.organizationId, organizationId);
    if (installation !== undefined && minted.installationId !== undefined) {
        checkIsFor('installation', minted.installationId, installation.id);
    }
    checkPermissions(minted.permissions, requirements);
    if (!minted.isActive) {
        throw new Error('ICR minted a token that is not active. Ask an admin of the organization whether the app’s installation is suspended.');
    }
    return installation === undefined
        ? { ...minted, installationId: undefined, organizationId: undefined }
        : { ...minted, installationId: installation.id, organizationId: toId(minted.organizationId) ?? organizationId };
}
function checkIsFor(what, actual, wanted) {
    if (actual !== undefined && isSameId(actual, wanted))
        return;
    throw new Error(actual === undefined
        ? `ICR minted a token and doesn’t name its ${what}. Report this to ICR: it was asked for ${wanted}.`
        : `ICR minted a token for another ${what} than was asked for. Report this to ICR. It is for ${quote(actual, 128)}, not for ${wanted}.`);
}
function checkPermissions(granted, requirements) {
    const { requiredPermissions: required, allowedPermissions: allowed } = requirements;
    if (required.size === 0 && allowed === undefined)
        return;
    if (granted === undefined) {
        throw new Error('ICR doesn’t say which permissions the token has. Remove `required-permissions` and `allowed-permissions` if the job can do without the check: `permissions` is missing in the answer, or not an object.');
    }
    checkRequired(granted, required);
    if (allowed !== undefined)
        checkAllowed(granted, allowed);
}
function checkRequired(granted, required) {
    const missing = missingPermissions(granted, required);
    if (missing.size === 0)
        return;
    const everything = `Required: ${checks_describe(required)}. Granted: ${checks_describe(granted)}.`;
    const unknown = [...missing.keys()].find((name) => isUnknownName(name, granted));
    if (unknown !== undefined) {
        throw new Error(`\`required-permissions\` names \`${quote(unknown, 60)}\`, likely a misspelling. ICR documents ${DOCUMENTED_NAMES.join(', ')}. ${everything}`);
    }
    const them = missing.size === 1 ? 'it' : 'them';
    throw new Error(`The token lacks ${describeFirst(missing, granted)}. Add ${them} to the app, and ask the organization’s admin to accept ${them}. If no step needs ${them}, remove ${them} from \`required-permissions\`. ${everything}`);
}
function checkAllowed(granted, allowed) {
    const excess = excessPermissions(granted, allowed);
    if (excess.size === 0)
        return;
    throw new Error(`\`allowed-permissions\` does not allow ${describeFirst(excess)}. Allow it, or use an app that was granted less: ICR can’t narrow a token. Beyond it: ${checks_describe(excess)}.`);
}
function describeFirst(permissions, granted) {
    const [[name, level] = ['', '']] = permissions;
    const has = granted?.get(name);
    const actual = has === undefined ? '' : ` (it has ${quote(describeLevel(has), 20)})`;
    const more = permissions.size === 1 ? '' : ` and ${permissions.size - 1} more`;
    return `\`${quote(name, 60)}: ${quote(describeLevel(level), 20)}\`${actual}${more}`;
}
function checks_describe(permissions) {
    return quote(describePermissions(permissions), 1000);
}

;// CONCATENATED MODULE: ./src/token/installation-names.ts

const MAX_LISTED = 20;
const MAX_NAME_CHARACTERS = 80;
function describeInstallations(installations, isLogPrivate) {
    const count = installations.length;
    if (count === 0)
        return 'no installation';
    if (isLogPrivate) {
        const listed = installations.slice(0, MAX_LISTED).map(installation_names_describeInstallation).join(', ');
        return count > MAX_LISTED ? `${listed}, and ${count - MAX_LISTED} more` : listed;
    }
    return `${count === 1 ? 'one installation' : `${count} installations`}. Their organizations are not shown, because the event doesn’t say that the repository is private: copy the organization’s ID from ICR’s dashboard, or run this step in a private repository`;
}
function describeOrganization({ id, name }) {
    return `${name === undefined ? '' : `“${quote(name, MAX_NAME_CHARACTERS)}” `}${id}`;
}
function installation_names_describeInstallation({ id, organization }) {
    const owner = organization === undefined ? 'an organization that is not named' : describeOrganization(organization);
    return `${owner} (installation ${id})`;
}

;// CONCATENATED MODULE: ./src/token/choose-installation.ts



async function chooseInstallation(api, { installationId, organizationId }, isLogPrivate) {
    if (installationId !== undefined) {
        const organization = organizationId === undefined ? undefined : await choose_installation_confirm(api, installationId, organizationId, isLogPrivate);
        return { id: installationId, organization, rule: 'installation-id' };
    }
    return organizationId === undefined ? findOnly(api, isLogPrivate) : findFor(organizationId, api, isLogPrivate);
}
async function choose_installation_confirm(api, id, organizationId, isLogPrivate) {
    const { organization } = await api.getInstallation(id);
    if (organization === undefined || isSameId(organization.id, organizationId))
        return organization;
    const actual = isLogPrivate ? describeOrganization(organization) : 'another one';
    throw new Error(`\`installation-id\` and \`organization-id\` are of different organizations. Correct the one that is wrong. Installation ${id} is of ${actual}, not of ${organizationId}. No token was minted.`);
}
async function findFor(organizationId, api, isLogPrivate) {
    const direct = await api.findOrganizationInstallation(organizationId);
    if (direct !== undefined && !isSameId(direct.id, organizationId) && isOf(direct, organizationId) !== false) {
        return { ...direct, rule: 'organization-id' };
    }
    log_info('The organization’s own route gave no usable answer: reading the list of installations.');
    const asked = [];
    for await (const page of api.listInstallations()) {
        const [first, second] = page.filter((installation) => isOf(installation, organizationId) === true);
        if (first !== undefined)
            return { ...first, rule: 'organization-id', another: second?.id };
        for (const { id, organization } of page) {
            const whole = organization === undefined ? await api.findInstallation(id) : { id, organization };
            if (whole !== undefined && isOf(whole, organizationId) === true)
                return { ...whole, rule: 'organization-id' };
            asked.push({ id, organization: whole?.organization });
        }
    }
    const list = `ICR’s list has ${describeInstallations(asked, isLogPrivate)}.`;
    throw new Error(asked.some(({ organization }) => organization === undefined)
        ? `ICR doesn’t tell which installation is of the \`organization-id\`. Set \`installation-id\`. Not every installation could be read or names its organization, so ${organizationId} may be among them. ${list}`
        : `The app isn’t installed for organization ${organizationId}. Ask its admin to install it or to lift a suspension, or correct \`organization-id\`: ids in sandbox and production differ. ${list}`);
}
async function findOnly(api, isLogPrivate) {
    const installations = [];
    for await (const page of api.listInstallations())
        installations.push(...page);
    const [only, ...others] = installations;
    if (only === undefined) {
        throw new Error('The app has no installation. Ask an admin of the organization to install it, or check that `api-url` is of the environment in which it is installed.');
    }
    if (others.length === 0)
        return { ...only, rule: 'only-installation' };
    throw new Error(`Set \`organization-id\`: the app has ${installations.length} installations, and nothing says which. ICR’s list has ${describeInstallations(installations, isLogPrivate)}.`);
}
function isOf({ organization }, organizationId) {
    return organization === undefined ? undefined : isSameId(organization.id, organizationId);
}

;// CONCATENATED MODULE: ./src/token/outputs.ts


function writeDetails(checked, apiUrl) {
    const { permissions } = checked;
    writeFileCommand('outputs', () => {
        setOutput('expires-at', checked.expiresAt);
        setOutput('installation-id', checked.installationId ?? '');
        setOutput('organization-id', checked.organizationId ?? '');
        setOutput('permissions', JSON.stringify(permissions === undefined ? null : Object.fromEntries(permissions)));
        setOutput('api-url', apiUrl);
    });
}
function writeToken(token) {
    writeFileCommand('outputs', () => setOutput('token', token));
}

;// CONCATENATED MODULE: ./src/token/report.ts




function describeToken(token, installation) {
    const target = installation === undefined
        ? 'an app access token'
        : `an access token for organization ${organization(token, installation)}, installation ${installation.id}, ${CHOSEN_BY[installation.rule]}`;
    return `Minted ${target}; permissions: ${permissions(token)}; expires at ${expiry(token)}.`;
}
function summaryRows(token, installation, host) {
    const target = installation === undefined
        ? [['For', 'the app itself']]
        : [
            ['Organization', organization(token, installation)],
            ['Installation', installation.id],
        ];
    return [['Host', host], ...target, ['Permissions', permissions(token)], ['Expires at', expiry(token)]];
}
function organization({ organizationId: id }, { organization }) {
    return id === undefined ? '(ICR gave no ID)' : describeOrganization({ id, name: organization?.name });
}
function permissions(token) {
    return token.permissions === undefined ? 'not named by ICR' : quote(describePermissions(token.permissions), 1000);
}
function expiry({ expiresAt, isExpiryAssumed }) {
    return isExpiryAssumed ? `${expiresAt} (assumed: ICR doesn’t say)` : expiresAt;
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
        saveState(KIND, saved.kind);
        saveState(EXPIRES_AT, saved.expiresAt);
        saveState(API_URL, saved.apiUrl);
        saveState(API_VERSION, saved.apiVersion);
        saveState(JOB_SUMMARY, saved.jobSummary);
        saveState(TOKEN, saved.token);
    });
}
function clearSavedToken() {
    writeFileCommand('state', () => saveState(TOKEN, ''));
}
function readSavedToken() {
    const token = core.getState(TOKEN);
    if (token === '')
        return undefined;
    return {
        token,
        kind: core.getState(KIND) === 'app' ? 'app' : 'installation',
        expiresAt: core.getState(EXPIRES_AT),
        apiUrl: core.getState(API_URL),
        apiVersion: core.getState(API_VERSION),
        jobSummary: core.getState(JOB_SUMMARY) === 'true',
    };
}

;// CONCATENATED MODULE: ./src/token/revoke-after-failure.ts


async function revokeAfterFailure(saved, failure, revoke) {
    const { outcome, detail } = await revoke(saved);
    return new Error(`${messageOf(failure)} ${settle(saved, outcome === 'revoked', detail)}`, { cause: failure });
}
function settle(saved, isRevoked, detail) {
    try {
        if (isRevoked)
            clearSavedToken();
        else
            saveToken(saved);
    }
    catch {
        if (!isRevoked)
            return `The token could not be revoked, and may be valid until ${saved.expiresAt} (${detail}).`;
    }
    return isRevoked
        ? 'The token was revoked.'
        : `The token could not be revoked yet; the post step tries again (${detail}).`;
}

;// CONCATENATED MODULE: ./src/main.ts

















const BUDGET_SECONDS = 90;
const REVOCATION_SECONDS = 15;
const CANCELLED_REVOCATION_SECONDS = 4;
async function main() {
    const cancelled = watchCancellation();
    const inputs = readInputs();
    const event = readEvent();
    if (inputs.credential === undefined) {
        const { isSkipped, message } = describeMissingCredentials(event, inputs.onMissingCredentials);
        if (isSkipped)
            return log_notice(message);
        throw new Error(message);
    }
    assertFileCommands();
    const send = connectToIcr(inputs.apiUrl, inputs.apiVersion);
    const api = createIcrApi(send, inputs.credential, startBudget(BUDGET_SECONDS, cancelled));
    const installation = inputs.tokenType === 'app' ? undefined : await chooseInstallation(api, inputs, isRepositoryPrivate(event));
    const minted = await api.mintToken(installation);
    const { token, expiresAt } = minted;
    const { tokenType: kind, apiUrl, apiVersion, jobSummary } = inputs;
    const saved = { token, kind, expiresAt, apiUrl, apiVersion, jobSummary };
    try {
        saveToken(saved);
        cancelled.throwIfAborted();
        const checked = checkToken(minted, { ...inputs, installation });
        writeDetails(checked, apiUrl);
        if (inputs.skipTokenRevoke)
            clearSavedToken();
        writeToken(token);
        log_info(describeToken(checked, installation));
        if (jobSummary)
            await writeSummary(summaryRows(checked, installation, new URL(apiUrl).host));
    }
    catch (error) {
        if (error === cancelled.reason)
            throw new Error(`${messageOf(error)} The post step revokes the token.`);
        const budget = cancelled.aborted
            ? startBudget(CANCELLED_REVOCATION_SECONDS)
            : startBudget(REVOCATION_SECONDS, cancelled);
        throw await revokeAfterFailure(saved, error, (it) => revokeToken(send, it, budget));
    }
}
runAction(main, (error) => fail(messageOf(error)));

module.exports = __webpack_exports__;
/******/ })()
;