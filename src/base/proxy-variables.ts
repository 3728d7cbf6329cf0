/** Variables of the environment that name a proxy, as programs have agreed upon. */
export const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'] as const
