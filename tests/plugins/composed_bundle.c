/* A VST3 bundle of several plugins, for the tests: it offers those of two others together, as vendors' shells do. And
   one of those as what it is not: an instrument. Compiled with -DFIRST='"/path/one.so"' and -DSECOND='"/path/two.so"'.
   Compiled
   without headers or libraries, with -DSUB_CATEGORIES='"Fx"'. The layouts are those of Steinberg's ipluginbase.h. */

typedef unsigned char uint8_t;
typedef int int32_t;
typedef unsigned int uint32_t;
void *dlopen(const char *path, int flags);
void *dlsym(void *library, const char *name);

typedef struct Factory Factory;
typedef struct { uint8_t cid[16]; int32_t cardinality; char category[32], name[64]; } ClassInfo;
typedef struct { ClassInfo basic; uint32_t flags; char sub_categories[128], vendor[64], version[64], sdk[64]; } ClassInfo2;
typedef struct {
    int32_t (*queryInterface)(Factory *, const uint8_t *, void **);
    uint32_t (*addRef)(Factory *);
    uint32_t (*release)(Factory *);
    int32_t (*getFactoryInfo)(Factory *, void *);
    int32_t (*countClasses)(Factory *);
    int32_t (*getClassInfo)(Factory *, int32_t, ClassInfo *);
    int32_t (*createInstance)(Factory *, const char *, const char *, void **);
    int32_t (*getClassInfo2)(Factory *, int32_t, ClassInfo2 *);
} Methods;
struct Factory { const Methods *methods; };

static const uint8_t UNKNOWN[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46};
static const uint8_t FACTORY[16] = {0x7A, 0x4D, 0x81, 0x1C, 0x52, 0x11, 0x4A, 0x1F,
                                    0xAE, 0xD9, 0xD2, 0xEE, 0x0B, 0x43, 0xBF, 0x9F};
static const uint8_t FACTORY2[16] = {0x00, 0x07, 0xB6, 0x50, 0xF2, 0x4B, 0x4C, 0x0B,
                                     0xA4, 0x64, 0xED, 0xB9, 0xF0, 0x0B, 0x2A, 0xBB};
static Factory *parts[2];

static int32_t query(Factory *self, const uint8_t *iid, void **found) {
    int is_known = !__builtin_memcmp(iid, UNKNOWN, 16) || !__builtin_memcmp(iid, FACTORY, 16) || !__builtin_memcmp(iid, FACTORY2, 16);
    *found = is_known ? self : 0;
    return is_known ? 0 : -1;
}
static uint32_t count_reference(Factory *self) { (void)self; return 1; }
static int32_t factory_info(Factory *self, void *info) { (void)self; return parts[0]->methods->getFactoryInfo(parts[0], info); }
static int32_t count(Factory *self) {
    int32_t sum = 0;
    (void)self;
    for (int i = 0; i < 2; i++) if (parts[i]) sum += parts[i]->methods->countClasses(parts[i]);
    return sum;
}
static int32_t class_info(Factory *self, int32_t index, ClassInfo *info) {
    int32_t first = parts[0]->methods->countClasses(parts[0]);
    (void)self;
    return index < first ? parts[0]->methods->getClassInfo(parts[0], index, info)
                         : parts[1]->methods->getClassInfo(parts[1], index - first, info);
}
static int32_t class_info2(Factory *self, int32_t index, ClassInfo2 *info) {
    __builtin_memset(info, 0, sizeof *info);
    __builtin_strcpy(info->sub_categories, SUB_CATEGORIES);
    __builtin_strcpy(info->version, "4.1.0");
    return class_info(self, index, &info->basic);
}
static int32_t create(Factory *self, const char *cid, const char *iid, void **made) {
    (void)self;
    for (int i = 0; i < 2; i++)
        if (parts[i] && parts[i]->methods->createInstance(parts[i], cid, iid, made) == 0) return 0;
    return -1;
}
static const Methods METHODS = {query, count_reference, count_reference, factory_info, count, class_info, create, class_info2};
static Factory both = {&METHODS};

static Factory *open_part(const char *path, void *own_handle) {
    void *library = dlopen(path, 1);
    if (!library) return 0;
    ((_Bool(*)(void *))dlsym(library, "ModuleEntry"))(own_handle);
    return ((Factory * (*)(void)) dlsym(library, "GetPluginFactory"))();
}
_Bool ModuleEntry(void *handle) {
    parts[0] = open_part(FIRST, handle);
    parts[1] = __builtin_strlen(SECOND) ? open_part(SECOND, handle) : 0;
    return parts[0] != 0;
}
_Bool ModuleExit(void) { return 1; }
Factory *GetPluginFactory(void) { return &both; }
