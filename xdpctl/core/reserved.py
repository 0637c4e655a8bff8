"""Names that a program or map can't have: C's own words, what clang knows of the C library, and what the
generated C and the headers it includes define. Found by compiling a program and a map of each name."""

RESERVED = frozenset(
    """
    KERNEL_VERSION LICENSE NULL SEC abort abs acos acosf acosh acoshf acoshl acosl aligned_alloc alloca
    asin asinf asinh asinhf asinhl asinl asm atan atan2 atan2f atan2l atanf atanh atanhf atanhl atanl
    auto barrier barrier_var bcmp bpf break bytes bzero cabs cabsf cabsl cacos cacosf cacosh cacoshf
    cacoshl cacosl calloc carg cargf cargl case casin casinf casinh casinhf casinhl casinl catan catanf
    catanh catanhf catanhl catanl cbrt cbrtf cbrtl ccos ccosf ccosh ccoshf ccoshl ccosl ceil ceilf ceill
    cexp cexpf cexpl char cimag cimagf cimagl clog clogf clogl conj conjf conjl const container_of
    continue copysign copysignf copysignl cos cosf cosh coshf coshl cosl count counts cpow cpowf cpowl
    cproj cprojf cprojl creal crealf creall csin csinf csinh csinhf csinhl csinl csqrt csqrtf csqrtl ctan
    ctanf ctanh ctanhf ctanhl ctanl ctx default do double else enum erf erfc erfcf erfcl erff erfl exit
    exp exp2 exp2f exp2l expf expl expm1 expm1f expm1l extern fabs fabsf fabsl fdim fdimf fdiml finite
    finitef finitel first float floor floorf floorl fma fmaf fmal fmax fmaxf fmaxl fmin fminf fminl fmod
    fmodf fmodl fopen for fprintf fread free frexp frexpf frexpl fscanf fwrite goto hypot hypotf hypotl
    if ilogb ilogbf ilogbl index inline int isalnum isalpha isblank iscntrl isdigit isgraph islower
    isprint ispunct isspace isupper isxdigit key labs ldexp ldexpf ldexpl length lgamma lgammaf lgammal
    license linux llabs llrint llrintf llrintl llround llroundf llroundl log log10 log10f log10l log1p
    log1pf log1pl log2 log2f log2l logb logbf logbl logf logl long lrint lrintf lrintl lround lroundf
    lroundl main malloc memalign memccpy memchr memcmp memcpy memmove mempcpy memset modf modff modfl nan
    nanf nanl nearbyint nearbyintf nearbyintl nextafter nextafterf nextafterl nexttoward nexttowardf
    nexttowardl offsetof packets pow powf powl printf realloc register remainder remainderf remainderl
    remquo remquof remquol restrict return rindex rint rintf rintl round roundf roundl scalbln scalblnf
    scalblnl scalbn scalbnf scalbnl scanf short signed sin sinf sinh sinhf sinhl sinl sizeof snprintf
    sprintf sqrt sqrtf sqrtl sscanf static stpcpy stpncpy strcasecmp strcat strchr strcmp strcpy strcspn
    strdup strerror strlen strncasecmp strncat strncmp strncpy strndup strpbrk strrchr strspn strstr
    strtod strtof strtok strtol strtold strtoll strtoul strtoull struct strxfrm switch tan tanf tanh
    tanhf tanhl tanl tgamma tgammaf tgammal tolower toupper trunc truncf truncl typedef typeof union unix
    unsigned vfork vfprintf vfscanf void volatile vprintf vscanf vsnprintf vsprintf vsscanf wcschr wcscmp
    wcslen wcsncmp while wmemchr wmemcmp wmemcpy wmemmove xdp xdp_action_t xdp_md
    """.split()
)
