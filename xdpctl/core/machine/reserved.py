"""Names that a program or map can't have: C's own words, what clang knows of the C library, and what the
generated C and the headers it includes define. Found by compiling a program and a map of each name."""

RESERVED = frozenset(
    """
    IPDEFTTL IPVERSION KERNEL_VERSION LICENSE MAXTTL MAX_OFFSET NULL SEC _exit abort abs acos acosf acosh
    acoshf acoshl acosl aligned_alloc alloca any asin asinf asinh asinhf asinhl asinl asm atan atan2 atan2f
    atan2l atanf atanh atanhf atanhl atanl auto barrier barrier_var bcmp bpf break bytes bzero cabs cabsf
    cabsl cacos cacosf cacosh cacoshf cacoshl cacosl calloc carg cargf cargl case casin casinf casinh
    casinhf casinhl casinl catan catanf catanh catanhf catanhl catanl cbrt cbrtf cbrtl ccos ccosf ccosh
    ccoshf ccoshl ccosl ceil ceilf ceill cexp cexpf cexpl char cimag cimagf cimagl clog clogf clogl conj
    conjf conjl const container_of continue copysign copysignf copysignl cos cosf cosh coshf coshl cosl
    count counts cpow cpowf cpowl cproj cprojf cprojl cpu_t creal crealf creall csin csinf csinh csinhf
    csinhl csinl csqrt csqrtf csqrtl ctan ctanf ctanh ctanhf ctanhl ctanl ctx decide default do double
    dscp_t either else enum equal erf erfc erfcf erfcl erff erfl ethertype_t exit exp exp2 exp2f exp2l expf
    expl expm1 expm1f expm1l extern fabs fabsf fabsl fdim fdimf fdiml finite finitef finitel first
    first_seen float floor floorf floorl flow6_of flow_kind_of flow_of fma fmaf fmal fmax fmaxf fmaxl fmin
    fminf fminl fmod fmodf fmodl fopen for found fprintf fread free frexp frexpf frexpl fscanf fwrite goto
    hypot hypotf hypotl if ifindex ifindex_t ilogb ilogbf ilogbl index inline int ip_proto_t ipv6_hopopt_hdr
    ipv6mr_acaddr is_extension is_tag is_zero isalnum isalpha isblank iscntrl isdigit isgraph islower
    isprint ispunct isspace isupper isxdigit key labs last_seen ldexp ldexpf ldexpl length length_max_t
    length_min_t length_of lgamma lgammaf lgammal license linux llabs llrint llrintf llrintl llround
    llroundf llroundl log log10 log10f log10l log1p log1pf log1pl log2 log2_of log2_t log2f log2l logb
    logbf logbl logf logl long lrint lrintf lrintl lround lroundf lroundl main malloc matches max_length
    memalign memccpy memchr memcmp memcpy memmove mempcpy memset min_length modf modff modfl nan nanf nanl
    nearbyint nearbyintf nearbyintl next_message nextafter nextafterf nextafterl nexttoward nexttowardf
    nexttowardl now offsetof packet packets parse parse_ethernet parse_ipv4 parse_ipv6 parse_rest
    parse_upper port_t pow powf powl printf realloc register remainder remainderf remainderl remquo
    remquof remquol restrict return rindex rint rintf rintl round roundf roundl rt0_type rt2_type rx_queue
    rx_queue_t scalbln scalblnf scalblnl scalbn scalbnf scalbnl scanf short signed sin sin_zero sinf sinh
    sinhf sinhl sinl sizeof skip_extensions skip_tags snprintf sprintf sqrt sqrtf sqrtl sscanf static
    stpcpy stpncpy strcasecmp strcat strchr strcmp strcpy strcspn strdup strerror strlen strncasecmp
    strncat strncmp strncpy strndup strpbrk strrchr strspn strstr strtod strtof strtok strtol strtold
    strtoll strtoul strtoull struct strxfrm swap_macs switch tan tanf tanh tanhf tanhl tanl tcp_flags_t
    tgamma tgammaf tgammal time_first_t time_last_t tolower toupper trunc truncf truncl ttl_t typedef
    typeof union unix unseen unsigned va_copy va_end va_start verdict vfork vfprintf vfscanf vlan_t void
    volatile vprintf vscanf vsnprintf vsprintf vsscanf wcschr wcscmp wcslen wcsncmp while within wmemchr
    wmemcmp wmemcpy wmemmove xdp xdp_action_t xdp_md
    """.split()
)
